"""docs/works-with.md from what the cases gave."""

from __future__ import annotations

from typing import Any

from ecosystem.trial import Case

HEAD = """# Works with

Written by `make ecosystem`, which installs every framework at its current version, in an environment of its own, trains
a small model, and weighs it with one line. "Right" compares every importance and the baseline with a ten-line loop that
swaps a column, calls the framework's own predict and takes the mean loss, on the same permutations: "exact" means equal
to the rounding of sums in double precision, "single precision" equal to 0.02% of the largest importance.

"Way" is how predictions were made: `sum` and `levels` are the fast path for networks, `generic` calls the model,
`ignored` is a column that the model cannot see.

| framework | version | one line | metric by itself | way | right |
|---|---|---|---|---|---|
"""
TAIL = """
Something else? Any function from a table to predictions will do, `weigh(lambda df: model.run(df), df, y)`, with
`outputs=` and `classes=` where it gives probabilities, logits or labels. Another package can bring an adapter along by
the entry point `weighin.models`: see CONTRIBUTING.md, "A model".
"""


def markdown(cases: list[Case], results: dict[str, dict[str, Any]]) -> str:
    """The page."""
    rows = [_row(case, results[case.name]) for case in sorted(cases, key=lambda case: case.framework.lower())]
    return HEAD + "".join(rows) + TAIL


def _row(case: Case, found: dict[str, Any]) -> str:
    versions = ", ".join(f"{package} {number}" for package, number in found["versions"].items() if number)
    if "error" in found:
        cells = ["", "", f"no: {_plain(found['error'])}"]
    else:
        cells = [f"`{found['metric']}`", found["way"], found["right"]]
    return f"| {case.framework} | {versions} | `{case.call}` | {' | '.join(cells)} |\n"


def _plain(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())[:300]
