"""What an ablation tells: table, sentences, how to read it, how it was made."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from weighin._base.text import named, printable
from weighin._display.numbers import write
from weighin._display.telling import Bar, Column, Row, Table, Telling
from weighin._results.ablated_variant import AblatedVariant

if TYPE_CHECKING:
    from weighin._results.ablation import Ablation

READING = (
    "The full model and every variant were trained several times, each time with the same seed and on the "
    "same rows, and measured on held-out rows. The change is variant minus full model. Its interval says "
    "where the change would lie for other rows and other trainings of the same kind, with 95% confidence.",
    "Bars: how much worse the metric gets when trained this way; whiskers: 95% intervals; pale: no "
    "verdict. Verdicts are stricter than intervals: changes within the tolerance do not count, and "
    "verdicts are adjusted for the number of variants (Holm).",
    "The verdicts are about this way of training on rows like these. Dropping several features at once is "
    "another variant: two that are each safe to drop may stand in for each other.",
)


def tell(result: Ablation, lines: Sequence[AblatedVariant], confidence_level: float, limit: int) -> Telling:
    """Say all of it."""
    said = _sentences(lines, limit)
    failures = [f"{change.label}: {error}" for change in result.changes for error in change.errors]
    unit = f" {result.unit}" if result.unit else ""
    return Telling(
        title="Trained again: what can be dropped, and what helps",
        kicker=f"{printable(result.recipe) or 'A model'}, trained again",
        tables=[_table(result, lines, confidence_level)],
        remarks=[about(result), *said],
        sentences=said,
        reading=READING,
        made=result._made(
            ("Recipe", result.recipe),
            ("Features", ", ".join(result.features)),
            ("Rows", result.split),
            (
                "Metric",
                f"{result.metric}, {result._better}; {write(result.baseline, digits=5)}{unit} with all features",
            ),
            ("Tolerance", f"{write(result.tolerance)}{unit}"),
            ("Fits", str(result.fits)),
            ("Seed", str(result.random_state)),
        ),
        notes=list(map(printable, [*failures, *result.notes])),
        simulated=result.simulated,
    )


def about(result: Ablation, where: str = "") -> str:
    """Say what the numbers are taken from, what counts as a finding, and where the tolerance is to be seen."""
    among = next((verdict.among for verdict in result.verdicts), 0)
    holm = f"; verdicts are adjusted for {among} variants (Holm)" if among > 1 else ""
    return printable(
        f"Full model: {result.metric} {write(result.baseline, digits=4)} ({result._better}), "
        f"{result.recipe}, {result.fits} fit{'s' * (result.fits != 1)} each, seed {result.random_state}; "
        f"{result.split}. Changes below {_tolerance(result, where)} do not matter{holm}."
    )


def _sentences(lines: Sequence[AblatedVariant], limit: int) -> list[str]:
    """Say what each variant does; of many only the largest changes one by one, and of the others what follows."""
    if len(lines) <= limit:
        return list(map(repr, lines))
    by_size = sorted(lines, key=lambda line: (not line.verdict.claims, -_size(line)))
    by_word: dict[str, list[str]] = {}
    for line in by_size[limit:]:
        by_word.setdefault(line.verdict.word, []).append(line.name)
    return [
        *map(repr, by_size[:limit]),
        *(f"{word[:1].upper()}{word[1:]}: {named(names)}." for word, names in by_word.items()),
    ]


def _size(line: AblatedVariant) -> float:
    return abs(line.change) if math.isfinite(line.change) else 0.0


def _tolerance(result: Ablation, where: str) -> str:
    """Say what counts as too small to matter."""
    text = write(result.tolerance) + (f" {result.unit}" if result.unit else "")
    baseline = result.baseline
    if baseline and math.isfinite(baseline):
        text += f" ({write(100 * result.tolerance / abs(baseline), digits=2)}%{where})"
    return text


def _table(result: Ablation, lines: Sequence[AblatedVariant], confidence_level: float) -> Table:
    rows = [
        Row(
            line.name,
            [
                line.number.value,
                line.number.interval,
                line.verdict.word,
                f"{line.measured.n_fits} of {result.fits}",
            ],
            Bar(*line.worse_by),
            claimed=line.verdict.claims,
        )
        for line in lines
    ]
    columns = [
        Column(f"{result.metric} changes by{f' ({result.unit})' if result.unit else ''}"),
        Column(f"{100 * confidence_level:g}% interval", "right", gives_way=1),
        Column("verdict", "text"),
        Column("fits", "right", gives_way=2),
    ]
    return Table(result._heading("Trained again"), "variant", columns, rows, "to_frame()")
