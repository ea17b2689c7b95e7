"""The files of the package, read once: their syntax, comments and imports."""

from __future__ import annotations

import ast
import tokenize
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import weighin

SRC = Path(weighin.__file__).parent


@dataclass(frozen=True)
class Import:
    """One module of this package imported by another."""

    line: int
    target: str
    # "top" when the module is loaded, "inside" a function, "types" under TYPE_CHECKING
    when: Literal["top", "inside", "types"]


@dataclass(frozen=True)
class Comment:
    """One comment, with the token before it on its line, if any."""

    line: int
    text: str
    after: str


@dataclass(frozen=True)
class SourceFile:
    """One file of Python."""

    path: Path

    def __str__(self) -> str:
        return self.path.relative_to(SRC).as_posix()

    @property
    def module(self) -> str:
        """Its name as it is imported."""
        parts = self.path.relative_to(SRC.parent).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def room(self) -> str:
        """The folder or file at the top of the package."""
        return self.path.relative_to(SRC).with_suffix("").parts[0]

    @cached_property
    def text(self) -> str:
        """All of it."""
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax."""
        return ast.parse(self.text)

    def nodes_under(self, condition: str) -> set[ast.AST]:
        """All that stands under ``if condition:``."""
        return {
            node
            for branch in ast.walk(self.tree)
            if isinstance(branch, ast.If) and ast.unparse(branch.test) == condition
            for statement in branch.body
            for node in ast.walk(statement)
        }

    @cached_property
    def comments(self) -> list[Comment]:
        """Its comments."""
        comments = []
        with self.path.open("rb") as file:
            before, line_of_before = "", 0
            for token in tokenize.tokenize(file.readline):
                if token.type == tokenize.COMMENT:
                    same_line = token.start[0] == line_of_before
                    comments.append(Comment(token.start[0], token.string, before if same_line else ""))
                before, line_of_before = token.string, token.end[0]
        return comments

    @cached_property
    def imports(self) -> list[Import]:
        """What it imports of this package."""
        for_types = self.nodes_under("TYPE_CHECKING")
        functions = [
            node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ]
        inside = {node for function in functions for node in ast.walk(function)}
        imports = []
        for node in ast.walk(self.tree):
            when: Literal["top", "inside", "types"]
            when = "types" if node in for_types else "inside" if node in inside else "top"
            if isinstance(node, ast.Import):
                targets = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{self}:{node.lineno}: relative import"
                # a name may be a module of its folder or something its module defines
                full_names = [f"{node.module}.{alias.name}" for alias in node.names]
                targets = [name if name in MODULE_NAMES else node.module or "" for name in full_names]
            else:
                continue
            imports += [
                Import(node.lineno, target, when)
                for target in targets
                if target.partition(".")[0] == SRC.name
            ]
        return imports


SOURCES = [SourceFile(path) for path in sorted(SRC.rglob("*.py"))]
MODULE_NAMES = {source.module for source in SOURCES}
