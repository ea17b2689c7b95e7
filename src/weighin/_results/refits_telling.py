"""What several fits tell: table, sentences, how to read it, how it was made."""

from __future__ import annotations

import math
from collections.abc import Sequence

from weighin._base.text import named, printable
from weighin._display.numbers import write
from weighin._display.telling import Bar, Column, Row, Table, Telling
from weighin._results.refits_numbers import RefitsNumbers
from weighin._results.refitted_feature import RefittedFeature

TITLE = "What models trained so weigh"
READING = (
    "The model was trained again several times, and every fit weighed on rows held out. The first interval says where "
    "the importance lies for other rows and other trainings of the same kind; that of the first model speaks of this "
    "model alone.",
    "Pale: cannot be told apart from zero, given the number of features (Holm).",
)


def tell(numbers: RefitsNumbers, confidence_level: float, limit: int) -> Telling:
    """Say all of it.

    Parameters
    ----------
    numbers : RefitsNumbers
        What was measured.
    confidence_level : float
        Of intervals and claims.
    limit : int
        Features that sentences tell of one by one.
    """
    features = numbers.by_feature(confidence_level)
    return Telling(
        title=TITLE,
        kicker=f"{printable(numbers.recipe) or 'A model'}, trained {numbers.fits} times",
        tables=[_table(numbers, features, confidence_level)],
        remarks=[about(numbers), *_few_rows(features)],
        sentences=sentences(features, limit),
        reading=READING,
        made=_made(numbers),
        notes=list(map(printable, numbers.notes)),
        simulated=numbers.simulated,
    )


def heading(numbers: RefitsNumbers, title: str) -> str:
    """Mark a title by what must not be missed."""
    return ("SIMULATED DATA - " if numbers.simulated else "") + title


def about(numbers: RefitsNumbers) -> str:
    """Say what the numbers are taken from."""
    better = "higher" if numbers.greater_is_better else "lower"
    n_fits = numbers.importances.shape[1]
    return printable(
        f"{numbers.metric} {write(numbers.baseline, digits=4)} ({better} is better), {numbers.recipe}, {n_fits} "
        f"fit{'s' * (n_fits != 1)}, seed {numbers.random_state}; {numbers.split}."
    )


def sentences(features: Sequence[RefittedFeature], limit: int) -> list[str]:
    """Say what features weigh, the heaviest first, and of which nothing can be said.

    Parameters
    ----------
    features : sequence of RefittedFeature
        The heaviest first.
    limit : int
        Features told of one by one; those of which nothing is claimed come last.
    """
    ordered = sorted(features, key=lambda feature: (not feature.claim, feature.few_rows))
    first, others = ordered[:limit], ordered[limit:]
    said = list(map(repr, first))
    heavier = [feature.feature for feature in others if feature.claim == "heavier"]
    harmful = [feature.feature for feature in others if feature.claim == "harmful"]
    unclear = [feature for feature in others if not feature.claim and not feature.few_rows]
    without_interval = [feature.feature for feature in unclear if math.isnan(feature.pvalue_holm)]
    chance = [feature.feature for feature in unclear if feature.leaves_out_zero]
    same = [feature.feature for feature in unclear if feature.feature not in (*without_interval, *chance)]
    lighter = [*heavier, *without_interval]
    if lighter:
        said.append(f"{named(lighter)} {'weighs' if len(lighter) == 1 else 'weigh'} less.")
    if harmful:
        said.append(f"Shuffling {named(harmful)} makes {printable(features[0].metric)} better.")
    if chance:
        said.append(
            f"The interval leaves out 0, but among {features[0].among} features one may do so by chance (Holm): "
            f"{named(chance)}."
        )
    if same:
        said.append(f"Cannot be told apart from zero: {named(same)}.")
    return [*said, *_few_rows(others)]


def _few_rows(features: Sequence[RefittedFeature]) -> list[str]:
    few = [feature.feature for feature in features if feature.few_rows]
    return (
        [f"Fewer than 20 rows count for {named(few)} in most fits: no interval holds there."] if few else []
    )


def _table(numbers: RefitsNumbers, features: Sequence[RefittedFeature], confidence_level: float) -> Table:
    rows = [
        Row(
            feature.feature,
            [feature.number.value, feature.interval_text, feature.between_fits, feature.one_model_text],
            Bar(feature.importance, *feature.shown_interval),
            claimed=bool(feature.claim),
        )
        for feature in features
    ]
    columns = [
        Column(f"{numbers.metric} worse by"),
        Column(f"{100 * confidence_level:g}%, this way of training", "right"),
        Column("between fits", gives_way=2),
        Column("95%, the first model", "right", gives_way=1),
    ]
    title = heading(numbers, "What features weigh over fits")
    return Table(title, "feature", columns, rows, "to_frame(), plot(limit=...)")


def _made(numbers: RefitsNumbers) -> list[tuple[str, str]]:
    better = "higher" if numbers.greater_is_better else "lower"
    metric = f"{numbers.metric}, {better} is better; {write(numbers.baseline, digits=5)} on average over fits"
    return [
        ("Recipe", numbers.recipe),
        ("Rows", numbers.split),
        ("Metric", metric),
        ("Fits", f"{numbers.importances.shape[1]} of {numbers.fits}"),
        ("Seed", str(numbers.random_state)),
        ("Versions", ", ".join(f"{name} {version}" for name, version in numbers.versions.items())),
        ("Date", numbers.date),
    ]
