"""Files stay small and finished, and comments where a reader looks for them."""

from __future__ import annotations

import re
from pathlib import Path

from source_files import SOURCES


def test_files_stay_small():
    """Those of the package, and those that test, measure and try it."""
    sizes = {str(source): len(source.text.splitlines()) for source in SOURCES}
    project = Path(__file__).parents[2]
    for folder in ("tests", "benchmarks", "calibration", "ecosystem", "golden", "odd", "release"):
        for path in (project / folder).rglob("*.py"):
            sizes[str(path)] = len(path.read_text(encoding="utf-8").splitlines())
    assert {name: size for name, size in sizes.items() if size > 400} == {}


def test_files_of_tests_have_names_of_their_own():
    """Two of one name cannot be run together."""
    names = [path.name for path in Path(__file__).parents[1].rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))


def test_no_line_is_unfinished():
    wrong = [
        f"{source}:{comment.line} {comment.text}"
        for source in SOURCES
        for comment in source.comments
        if any(word in comment.text for word in ("TODO", "FIXME", "XXX"))
    ]
    assert wrong == []


def test_comments_stand_above_what_they_explain():
    """What a checker is told stands behind its line."""
    wrong = [
        f"{source}:{comment.line} {comment.text}"
        for source in SOURCES
        for comment in source.comments
        if comment.after and not comment.text.startswith(("# fmt:", "# type:", "# noqa"))
    ]
    assert wrong == []


def test_what_a_checker_is_told_to_overlook_has_a_reason():
    """``# type: ignore[code]  # why`` and ``# noqa: CODE - why``."""
    reasoned = re.compile(r"# type: ignore\[[\w-]+\]  # \w+|# noqa: \w+ - \w+")
    wrong = [
        f"{source}:{comment.line} {comment.text}"
        for source in SOURCES
        for comment in source.comments
        if ("type: ignore" in comment.text or "noqa" in comment.text) and not reasoned.match(comment.text)
    ]
    assert wrong == []
