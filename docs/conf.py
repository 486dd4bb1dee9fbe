"""Sphinx settings: Markdown by MyST, the furo theme, API pages from the docstrings."""

import jaxprice

project = "jaxprice"
author = "the jaxprice authors"
copyright = "the jaxprice authors"
version = release = jaxprice.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.mathjax"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "scripts"]

# Shapes as jaxtyping writes them are strings that Sphinx cannot resolve; the docstrings state them in words.
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True

html_theme = "furo"
html_title = f"jaxprice {release}"
html_static_path = ["_static"]


def setup(app):
    """Keeps the bars of an absolute value in a docstring from meaning a substitution."""

    def escape(app, what, name, obj, options, lines):
        lines[:] = [line.replace("|", r"\|") for line in lines]

    app.connect("autodoc-process-docstring", escape)
