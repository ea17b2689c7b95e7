"""What was found by training again as one page to send around: verdicts, table, how it was made; no script."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from weighin._display.notebook import Row, table_html
from weighin._display.page import bullets, plain_page, safe
from weighin._results.ablation_words import failures, signed_number, variant

if TYPE_CHECKING:
    from weighin._results.ablation import Ablation

_READING = (
    "The full model and every variant were trained again several times, each time from the same seed and on the same "
    "rows for all of them, and measured on rows held out. The change is variant minus full model. Its interval says "
    "where the change would lie for other rows and other trainings of the same kind, with 95% confidence.",
    "Bars: how much worse the metric gets when trained so; whiskers: 95% intervals; pale: the interval holds 0. "
    "Verdicts ask more of an interval: what lies within the tolerance does not matter, and they are adjusted for the "
    "number of variants (Holm).",
    "The verdicts speak of this way of training on rows like these. Dropping several features at once is another "
    "variant: two that are each safe to drop may stand in for each other.",
)


def page_of(ablation: Ablation, title: str) -> str:
    """Write the page."""
    reading = "\n".join(f"<p>{safe(text)}</p>" for text in _READING)
    return plain_page(
        title,
        kicker=f"{ablation.recipe or 'A model'}, trained again",
        leads=[ablation._about()],
        sections=[
            (
                "Verdicts",
                bullets([f"{line[:1].upper()}{line[1:]}" for line in ablation.summary().splitlines()]),
            ),
            ("Numbers", table_of(ablation, "Variant minus full model")),
            ("How to read this", reading),
        ],
        made=_made(ablation),
        simulated=ablation.simulated,
        notes=[*failures(ablation.changes), *ablation.notes],
    )


def table_of(ablation: Ablation, heading: str, remarks: Sequence[str] = ()) -> str:
    """Write the table, with bars that point to the right where it gets worse."""
    lower, upper = ablation._ends(0.95)
    sign = -1.0 if ablation.greater_is_better else 1.0
    rows = []
    for change, verdict, low, high in zip(ablation.changes, ablation.verdicts, lower, upper, strict=True):
        half = (high - low) / 2
        number = signed_number(half if math.isfinite(half) else change.estimate / 10)
        between = f"{number(low)} to {number(high)}" if math.isfinite(half) else "-"
        cells = [number(change.estimate), between, verdict.word, f"{change.n_fits} of {ablation.fits}"]
        left, right = sorted((sign * float(low), sign * float(high)))
        rows.append(Row(variant(change), cells, sign * change.estimate, left, right))
    unit = f" ({ablation.unit})" if ablation.unit else ""
    columns = ["trained", f"{ablation.metric} changes by{unit}", "95% interval", "verdict", "fits"]
    return table_html(heading, columns, rows, remarks, most=None)


def _made(ablation: Ablation) -> list[tuple[str, str]]:
    better = "higher" if ablation.greater_is_better else "lower"
    unit = f" {ablation.unit}" if ablation.unit else ""
    return [
        ("Recipe", ablation.recipe),
        ("Features", ", ".join(ablation.features)),
        ("Rows", ablation.split),
        ("Metric", f"{ablation.metric}, {better} is better; {ablation.baseline:.5g}{unit} with all features"),
        ("Tolerance", f"{ablation.tolerance:.3g}{unit}"),
        ("Fits", str(ablation.fits)),
        ("Seed", str(ablation.random_state)),
        ("Versions", ", ".join(f"{name} {version}" for name, version in ablation.versions.items())),
        ("Date", ablation.date),
    ]
