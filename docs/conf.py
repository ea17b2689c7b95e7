"""The site: ``make docs``. Every page with code cells is executed, in a folder where ``weighin demo`` was run."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any
from unittest import mock

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml

import weighin
from weighin._cli.demo import demo
from weighin.results import Result

HERE = Path(__file__).parent
WORK = HERE / "_build" / "work"

project = "weighin"
author = "the weighin developers"
copyright = f"2026, {author}"
release = version = weighin.__version__

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx_design",
]
exclude_patterns = ["_build", "_templates", "README.md"]
templates_path = ["_templates"]
html_static_path = ["_static"]
html_css_files = ["site.css"]
# a name in single backticks is a link where there is something to link to
default_role = "py:obj"

autosummary_generate = True
autodoc_member_order = "groupwise"
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_validation_checks: set[str] = set()

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "substitution", "attrs_inline"]
myst_heading_anchors = 3
# names of models and features in tables of measurements hold what looks like mathematics
myst_dmath_double_inline = True

nb_execution_mode = os.environ.get("WEIGHIN_DOCS_EXECUTE", "cache")
nb_execution_cache_path = str(HERE / "_build" / "cells")
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_execution_excludepatterns: list[str] = []
# progress bars
nb_output_stderr = "remove"
nb_merge_streams = True

# formulas are MathML, which browsers know: no script from elsewhere
html_math_renderer = "mathml"

html_theme = "pydata_sphinx_theme"
html_title = "weighin"
html_theme_options = {
    "navbar_align": "left",
    "show_toc_level": 2,
    "show_prev_next": True,
    "navigation_with_keys": False,
    "footer_start": ["copyright"],
    "footer_end": [],
    # examples need the width
    "secondary_sidebar_items": {
        page: ["page-toc"] for page in ("api", "api/*", "cli", "methods", "calibration*")
    },
    "header_links_before_dropdown": 7,
}
html_show_sourcelink = False
html_sidebars = {"gallery": [], "tutorial": [], "changelog": []}

STARTUP = f"""
import os
import warnings

os.chdir({str(WORK)!r})
get_ipython().run_line_magic("config", "InlineBackend.figure_formats = ['svg']")
for words in ("`torch.jit.script` is deprecated", "The 'mode.chained_assignment' option", "load_learner` uses"):
    warnings.filterwarnings("ignore", message=words)
"""


def prepare() -> None:
    """Run the demo, once, and have kernels start where it was run."""
    if not (WORK / "weighin-demo" / "importance.json").exists():
        demo(folder=WORK / "weighin-demo", random_state=0, force=True)
    startup = HERE / "_build" / "ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True, exist_ok=True)
    (startup / "00-docs.py").write_text(STARTUP, encoding="utf-8")
    # each kernel would warn that it listens on a port of this machine
    (startup.parent / "ipython_kernel_config.py").write_text("get_config().IPKernelApp.log_level = 40\n")
    os.environ["IPYTHONDIR"] = str(HERE / "_build" / "ipython")
    # shell commands of code cells
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    os.environ |= {"COLUMNS": "100", "NO_COLOR": "1"}


def import_lightning() -> None:
    """Load Lightning: its metrics import torchvision, which may be of another build of torch."""
    try:
        import lightning.pytorch
    except RuntimeError:
        for name in [
            name
            for name in sys.modules
            if name.partition(".")[0] in ("lightning", "torchmetrics", "torchvision")
        ]:
            del sys.modules[name]
        sys.modules |= {f"torchvision{part}": mock.MagicMock() for part in ("", ".models", ".transforms")}
        import lightning.pytorch  # noqa: F401 - so that it is there


def setup(app: Any) -> None:
    """Read the shorter docstrings of parts of results, too."""
    app.connect("autodoc-process-docstring", as_definitions, priority=100)
    app.connect("autodoc-process-signature", without_fields)
    app.add_html_math_renderer("mathml", (write_formula, None), (write_formula, None))


def write_formula(writer: Any, node: Any) -> None:
    """Write a formula as MathML."""
    block = isinstance(node, nodes.math_block)
    writer.body.append(tex2mathml(node.astext().strip(), as_block=block))
    raise nodes.SkipNode


def as_definitions(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Make a definition of each line such as "`rows`, ndarray: what they are", with the lines under it."""
    changed: list[str] = []
    for line in lines:
        term = re.match(r"((?:`\w+`(?:, )?)+)([^:`]*): (.*)", line)
        if term:
            changed += [
                "",
                f"{term[1].rstrip(', ').replace('`', '**')}{' : ' * bool(term[2])}{term[2]}",
                f"    {term[3]}",
            ]
        elif raised := re.match(r"Raises (\w+)", line):
            changed += ["", line.replace(raised[1], f"`{raised[1]}`", 1)]
        else:
            changed.append(line)
    lines[:] = changed


def without_fields(app: Any, what: str, name: str, obj: Any, *rest: Any) -> tuple[str, None] | None:
    """Nobody makes a result by hand: its fields are described, not listed as arguments."""
    return ("", None) if what == "class" and issubclass(obj, Result) else None


prepare()
import_lightning()
