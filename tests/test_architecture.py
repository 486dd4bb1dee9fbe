"""The walls of the house: import arrows, sizes, no hidden randomness or clock."""

import ast
import pathlib

import pytest

ROOT = pathlib.Path(__file__).parents[1]
PACKAGE = ROOT / "jaxprice"
FILES = sorted(PACKAGE.rglob("*.py"))
ORDER = ["core", "numerics", "models", "products", "simulation", "learning", "engines"]
APPLICATION = {"cli"}
SIBLINGS = {"models": {"products"}, "products": {"models"}}
NETWORK_ENGINES = {"differential", "mixture_of_experts"}
MAY_TRAIN = {"learning", "numerics.gaussian_process", "engines.gpr_tree"} | {
    f"engines.{name}" for name in NETWORK_ENGINES
}


def module_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def layer(module):
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[0] == "jaxprice" else None


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_imports_point_one_way(path):
    here = layer(module_of(path))
    for target in imports_of(path):
        there = layer(target)
        if here is None or there is None or here == there or here in APPLICATION:
            continue
        if here == "reference":
            assert there in {"core", "numerics"}, (
                f"{path}: the references are independent, they must not import {target}"
            )
            continue
        assert there in ORDER, f"{path}: nothing below the application imports {target}"
        assert ORDER.index(there) < ORDER.index(here), (
            f"{path}: {target} points against the arrows {' <- '.join(ORDER)}"
        )
        assert there not in SIBLINGS.get(here, ()), f"{path}: {here} and {there} are siblings"


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("engines/*/*.py")), ids=module_of)
def test_engines_never_import_one_another(path):
    here = module_of(path).split(".")[2]
    for target in imports_of(path):
        parts = target.split(".")
        if parts[:2] == ["jaxprice", "engines"] and len(parts) > 2:
            assert parts[2] == here, f"{path} imports {target}"


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_networks_and_optimisers_stay_where_they_are_needed(path):
    here = module_of(path).removeprefix("jaxprice.")
    for target in imports_of(path):
        if target.split(".")[0] in {"flax", "optax"}:
            allowed = here == "cli.doctor" or any(here == place or here.startswith(place + ".") for place in MAY_TRAIN)
            assert allowed, f"{path} imports {target}"


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_no_hidden_randomness_clock_or_state(path):
    tree = ast.parse(path.read_text())
    is_application = layer(module_of(path)) in APPLICATION
    for target in imports_of(path):
        assert target.split(".")[0] not in {"random", "secrets", "pickle"}, f"{path} imports {target}"
        assert not target.startswith("numpy.random"), f"{path} imports {target}"
        if not is_application:
            assert target.split(".")[0] not in {"time", "datetime"}, f"{path} imports {target}"
            assert not target.startswith(("rich", "tyro", "matplotlib", "scipy", "pandas")), f"{path} imports {target}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "random" and isinstance(node.value, ast.Name):
            assert node.value.id not in {"np", "numpy"}, f"{path}:{node.lineno} draws from numpy.random"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            text = ast.unparse(node.func)
            assert text not in {"jax.random.key", "jax.random.PRNGKey"} or is_application, (
                f"{path}:{node.lineno} makes a key"
            )
            assert text != "jax.config.update" or is_application, f"{path}:{node.lineno} changes the configuration"
        assert not isinstance(node, ast.Global), f"{path}:{node.lineno} keeps mutable state"


@pytest.mark.parametrize("path", [*FILES, *sorted((ROOT / "experiments").rglob("*.py"))], ids=lambda path: path.stem)
def test_files_are_short(path):
    assert len(path.read_text().splitlines()) <= 400, f"{path} is too long to read in one go"


def test_only_the_application_reads_the_references():
    for path in FILES:
        if layer(module_of(path)) in APPLICATION | {"reference"}:
            continue
        assert not any(target.startswith("jaxprice.reference") for target in imports_of(path)), path


def test_the_walls_would_be_noticed(tmp_path):
    """The checker itself: a planted wrong import is found."""
    planted = tmp_path / "planted.py"
    planted.write_text("from jaxprice.engines import monte_carlo\nimport numpy.random\n")
    found = list(imports_of(planted))
    assert "jaxprice.engines.monte_carlo" in found and "numpy.random" in found
    assert layer("jaxprice.engines.monte_carlo") == "engines"
