"""The documentation is true: its blocks run, print what it says they print, and its links lead somewhere."""

import contextlib
import io
import pathlib
import re

import jax
import pytest

ROOT = pathlib.Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted(path for path in (ROOT / "docs").rglob("*.md") if "_build" not in path.parts)]
FENCE = re.compile(r"^```(\S*)[^\n]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
OUTPUT_MARK = "<!-- output -->"
NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
LANGUAGES = {"python", "text", "console", "toml", "bibtex"}


@contextlib.contextmanager
def _as_its_reader_has_it():
    """JAX's own rules of promotion, not the strict ones of the tests."""
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        yield


def name_of(page):
    return str(page.relative_to(ROOT))


def blocks(page):
    """Language, content, line number and whether it is the stated output of the block before."""
    text = page.read_text()
    for match in FENCE.finditer(text):
        before = text[: match.start()]
        yield match[1], match[2], before.count("\n") + 1, before.rstrip().endswith(OUTPUT_MARK)


def anchors(page):
    """What a link to a heading of the page may say after the hash, as GitHub and MyST both build it."""
    text = FENCE.sub("", page.read_text())
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def disagreement(stated, printed):
    """The first line that is not what the page says; numbers may move by their last digit or by 5 %."""
    stated, printed = stated.strip().splitlines(), printed.strip().splitlines()
    if len(stated) != len(printed):
        return f"{len(printed)} lines printed, {len(stated)} stated"
    for expected, came in zip(stated, printed, strict=True):
        same = NUMBER.sub("#", expected) == NUMBER.sub("#", came)
        pairs = zip(NUMBER.findall(expected), NUMBER.findall(came), strict=False)
        if not (same and all(_is_near(one, other) for one, other in pairs)):
            return f"stated:  {expected}\nprinted: {came}"
    return None


def _is_near(one, other):
    unit = 10.0 ** -len(one.partition(".")[2])
    return abs(float(one) - float(other)) <= 1.01 * unit + 0.05 * abs(float(one))


@pytest.mark.slow
@pytest.mark.x64
@pytest.mark.parametrize("page", [page for page in PAGES if any(b[0] == "python" for b in blocks(page))], ids=name_of)
def test_blocks_run_and_print_what_the_page_says(page, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "__main__"}
    printed = ""
    for language, code, line, is_output in blocks(page):
        if is_output:
            wrong = disagreement(code, printed)
            assert wrong is None, f"{name_of(page)}:{line}\n{wrong}"
        if language == "python":
            # Blank lines before the code keep the page's line numbers in tracebacks.
            program = compile("\n" * line + code, str(page), "exec")
            with contextlib.redirect_stdout(io.StringIO()) as stream, _as_its_reader_has_it():
                exec(program, namespace)
            printed = stream.getvalue()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_fences_say_what_they_are(page):
    found = {language for language, *_ in blocks(page) if not language.startswith("{")}
    assert found <= LANGUAGES, f"{name_of(page)}: expected one of {sorted(LANGUAGES)}, got {sorted(found - LANGUAGES)}"
    assert page.read_text().count("\n```") % 2 == 0, f"{name_of(page)}: a fence is not closed"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_between_pages_resolve(page):
    for target in LINK.findall(FENCE.sub("", page.read_text())):
        if "://" in target or target.startswith("mailto:"):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{name_of(page)}: {target} leads nowhere"
        assert ROOT in there.parents, f"{name_of(page)}: {target} leaves the repository"
        if anchor and there.suffix == ".md":
            assert anchor in anchors(there), f"{name_of(page)}: no heading for {target}; there are {anchors(there)}"


def test_every_page_is_in_the_table_of_contents():
    docs = ROOT / "docs"
    listed = {
        line.strip()
        for language, content, *_ in blocks(docs / "index.md")
        if language == "{toctree}"
        for line in content.splitlines()
        if line.strip() and not line.startswith(":")
    }
    pages = {str(page.relative_to(docs).with_suffix("")) for page in PAGES if docs in page.parents}
    assert pages == listed | {"index"}


def test_the_readme_states_the_test_command_once():
    section = (ROOT / "README.md").read_text().split("\n## Run the tests\n")
    assert len(section) == 2, "README.md needs one heading 'Run the tests'"
    match = FENCE.search(section[1])
    assert match and match[1] == "console", "the first block under 'Run the tests' is the command"
    command = match[2].strip().splitlines()
    assert len(command) == 1 and "pytest" in command[0]


def test_a_wrong_output_is_caught():
    assert disagreement("price 1.234 ± 0.010", "price 1.234 ± 0.010") is None
    assert disagreement("price 1.234", "price 1.235") is None
    assert disagreement("price 1.234", "price 1.434")
    assert disagreement("price 1.234", "delta 1.234")
    assert disagreement("price 1", "price 1\nprice 1")
