"""Modules import from the layers above them only, stay small, and do not print."""

from __future__ import annotations

import ast
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

import weighin

SRC = Path(weighin.__file__).parent

LAYERS = [
    "_errors",
    "_optional",
    "_text",
    "_files",
    "_progress",
    "_frames",
    "_features",
    "_donors",
    "_inference",
    "_metrics",
    "_models",
    "_engine",
    "_plots",
    "_report",
    "_company",
    "_effects",
    "_certainty",
    "_result_file",
    "_result_words",
    "_result_table",
    "_result_html",
    "_result_sentences",
    "_result_page",
    "_result_charts",
    "_result_view",
    "_result",
    "_weighing",
    "_weigh",
    "_compare",
    "_recipes",
    "_ablate",
    "_refits",
    "_compat",
    "_football",
    "_cli",
    "__init__",
]
# layers that know less than their place would allow
ONLY = {
    "_football": {"_errors", "_optional", "_files", "_frames"},
    "_plots": {"_errors", "_optional", "_text"},
    "_result_table": {"_errors", "_optional", "_text"},
    "_result_html": {"_errors", "_optional", "_text"},
    "_result_sentences": {"_errors", "_optional", "_text"},
    "_report": {"_errors", "_optional", "_text", "_files", "_plots"},
}
SOURCES = sorted(SRC.rglob("*.py"))


def layer_of(path: Path) -> str:
    parts = path.relative_to(SRC).with_suffix("").parts
    return parts[0]


def imported_layers(path: Path) -> Iterator[tuple[int, str, bool]]:
    """Line, layer and whether it is a type name, of each import of this package, those inside functions too."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = {
        node
        for branch in ast.walk(tree)
        if isinstance(branch, ast.If) and ast.unparse(branch.test) == "TYPE_CHECKING"
        for statement in branch.body
        for node in ast.walk(statement)
    }
    for node in ast.walk(tree):
        targets: list[str] = []
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            base = node.module or ""
            targets = [f"weighin.{alias.name}" for alias in node.names] if base == "weighin" else [base]
        for target in targets:
            package, _, rest = target.partition(".")
            if package == "weighin":
                yield node.lineno, rest.partition(".")[0] or "__init__", node in for_types


def test_every_source_file_belongs_to_a_layer():
    assert {layer_of(path) for path in SOURCES} <= {*LAYERS, "__main__"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(SRC)))
def test_imports_go_up_only(path):
    own = layer_of(path)
    if own == "__main__":
        return
    above = set(LAYERS[: LAYERS.index(own)])
    allowed = ONLY.get(own, above) | {own}
    for line, layer, for_types in imported_layers(path):
        if own == "_cli" and layer == "__init__":
            continue  # `import weighin`: the version, which lives there
        if own == "__init__" and for_types:
            continue
        where = f"{path.relative_to(SRC)}:{line} imports {layer}"
        # a type name may come from a layer that is above but not in ONLY: it is not there at run time
        assert layer in (allowed | above if for_types else allowed), where


def test_the_face_imports_nothing_of_its_own_when_imported():
    tree = ast.parse((SRC / "__init__.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            assert not (node.module or "").startswith("weighin")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(SRC)))
def test_source_files_stay_small_and_private(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
    assert all(part.startswith("_") for part in path.relative_to(SRC).parts)


@pytest.mark.parametrize(
    "path",
    [path for path in SOURCES if layer_of(path) != "_cli"],
    ids=lambda path: str(path.relative_to(SRC)),
)
def test_nothing_but_the_command_line_prints(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    as_script = {
        node
        for branch in tree.body
        if isinstance(branch, ast.If) and ast.unparse(branch.test) == "__name__ == '__main__'"
        for node in ast.walk(branch)
    }
    calls = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
        if node not in as_script
    ]
    assert calls == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(SRC)))
def test_no_source_line_is_unfinished(path):
    with path.open("rb") as file:
        comments = [
            token.string for token in tokenize.tokenize(file.readline) if token.type == tokenize.COMMENT
        ]
    assert not [text for text in comments if "TODO" in text or "FIXME" in text or "XXX" in text]
