"""What several fits tell: table, sentences, how to read it, how it was made."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from weighin._base.text import named, printable
from weighin._display.numbers import write
from weighin._display.telling import Bar, Column, Row, Table, Telling
from weighin._results.listed import chance_sentence, few_rows_sentence, unmoved_sentence
from weighin._results.refitted_feature import RefittedFeature

if TYPE_CHECKING:
    from weighin._results.refits import Refits

TITLE = "What models trained this way rely on"
READING = (
    "The model was trained several times, and every fit was weighed on held-out rows. The first interval "
    "says where the importance lies for other rows and other trainings of the same kind; the second is for "
    "the first model alone.",
    "Pale: cannot be told apart from zero, given the number of features (Holm).",
)


def tell(result: Refits, lines: Sequence[RefittedFeature], confidence_level: float, limit: int) -> Telling:
    """Say all of it."""
    return Telling(
        title=TITLE,
        kicker=f"{printable(result.recipe) or 'A model'}, trained {result.fits} times",
        tables=[_table(result, lines, confidence_level)],
        remarks=[about(result), *_few_rows(lines)],
        sentences=_sentences(lines, limit),
        reading=READING,
        made=result._made(
            ("Recipe", result.recipe),
            ("Rows", result.split),
            (
                "Metric",
                f"{result.metric}, {result._better}; {write(result.baseline, digits=5)} on average over fits",
            ),
            ("Fits", f"{result.importances.shape[1]} of {result.fits}"),
            ("Seed", str(result.random_state)),
        ),
        notes=list(map(printable, result.notes)),
        simulated=result.simulated,
    )


def about(result: Refits) -> str:
    """Say what the numbers are taken from."""
    n_fits = result.importances.shape[1]
    return printable(
        f"{result.metric} {write(result.baseline, digits=4)} ({result._better}), {result.recipe}, {n_fits} "
        f"fit{'s' * (n_fits != 1)}, seed {result.random_state}; {result.split}."
    )


def _sentences(lines: Sequence[RefittedFeature], limit: int) -> list[str]:
    """Say what features weigh, the heaviest one by one; those of which nothing is claimed come last."""
    ordered = sorted(lines, key=lambda line: (not line.claim, line.few_rows))
    first, others = ordered[:limit], ordered[limit:]
    said = list(map(repr, first))
    unclear = [line for line in others if not (line.claim or line.few_rows or line.unmoved)]
    without_interval = [line.feature for line in unclear if math.isnan(line.pvalue_holm)]
    chance = [line.feature for line in unclear if line.leaves_out_zero]
    same = [line.feature for line in unclear if line.feature not in (*without_interval, *chance)]
    lighter = [*(line.feature for line in others if line.claim == "heavier"), *without_interval]
    harmful = [line.feature for line in others if line.claim == "harmful"]
    if lighter:
        said.append(f"{named(lighter)} {'weighs' if len(lighter) == 1 else 'weigh'} less.")
    if harmful:
        said.append(f"Shuffling {named(harmful)} makes {printable(lines[0].metric)} better.")
    said += chance_sentence(chance, lines[0].among)
    if same:
        said.append(f"Cannot be told apart from zero: {named(same)}.")
    return [*said, *_few_rows(others), *unmoved_sentence(others, lines[0].metric if lines else "")]


def _few_rows(lines: Sequence[RefittedFeature]) -> list[str]:
    return few_rows_sentence(
        [line.feature for line in lines if line.few_rows and not line.unmoved], " in most fits"
    )


def _table(result: Refits, lines: Sequence[RefittedFeature], confidence_level: float) -> Table:
    rows = [
        Row(
            line.feature,
            [line.number.value, line.interval_text, line.between_fits, line.one_model_text],
            Bar(line.importance, *line.shown_interval),
            claimed=bool(line.claim),
        )
        for line in lines
    ]
    columns = [
        Column(f"{result.metric} worse by"),
        Column(f"{100 * confidence_level:g}%, this way of training", "right"),
        Column("between fits", gives_way=2),
        Column("95%, the first model", "right", gives_way=1),
    ]
    title = result._heading("What features weigh over fits")
    return Table(title, "feature", columns, rows, "to_frame(), plot(limit=...)")
