"""What effects tell: table, remarks, sentences, how they were made."""

from __future__ import annotations

import math

from weighin._base.text import printable
from weighin._display.numbers import interval_name, rounded, write
from weighin._display.telling import Bar, Column, Row, Table, Telling
from weighin._inference.intervals import FEW_ROWS
from weighin._results.effect import FeatureEffect
from weighin._results.effects_charts import TITLE, ChartOptions, curves
from weighin._results.effects_numbers import EffectsNumbers
from weighin._results.effects_words import aside, ends_of, kind_word, local_word, sentence
from weighin._results.glossary import words
from weighin._results.provenance import made, marked

_READING = (
    "Each curve moves all rows to a value of one feature and averages what the model predicts there "
    "(partial dependence). With correlated columns, some of these rows could not occur in reality.",
    "The dashed curve moves rows between neighbouring values only (accumulated local effects). Where the "
    "two differ, correlated columns are the reason.",
    "Curves describe the model. They do not say what would happen in the real world if someone changed a "
    "feature.",
)


def tell(numbers: EffectsNumbers, confidence_level: float, limit: int) -> Telling:
    """Say all of it: `limit` features in sentences of their own."""
    numbers = numbers.at(confidence_level)
    return Telling(
        title=TITLE,
        kicker=f"{numbers.model or 'A trained model'}, on {_rows(numbers)}",
        tables=[_table(numbers, confidence_level)],
        remarks=[about(numbers), *_remarks(numbers)],
        sentences=_sentences(numbers, limit),
        glossary=words("Effect", "Interval"),
        reading=_READING,
        made=made(
            numbers,
            ("Model", numbers.model),
            ("Predicted", numbers.what),
            ("Rows", _rows(numbers)),
            ("Averages", f"over {numbers.n_rows:,} rows"),
            ("Seed", str(numbers.random_state)),
        ),
        simulated=numbers.simulated,
        notes=[*map(printable, numbers.notes), *_few_rows(numbers)],
        charts=[curves(numbers, ChartOptions())] if numbers.effects else [],
    )


def about(numbers: EffectsNumbers) -> str:
    """Say what the curves are taken from."""
    mean, spread = write(numbers.mean_prediction), write(numbers.spread)
    return (
        f"Predictions are {mean} on average, 95 in 100 of them within a range of {spread}; averages over "
        f"{_rows(numbers)}, seed {numbers.random_state}."
    )


def _sentences(numbers: EffectsNumbers, limit: int) -> list[str]:
    lines = [
        f"{sentence(effect, numbers.what, printable)} {aside(effect)}".rstrip()
        for effect in numbers.by_reach[:limit]
    ]
    more = len(numbers.effects) - len(lines)
    return (
        [*lines, f"{more:,} more feature{'s' * (more > 1)} move{'s' * (more == 1)} it less."]
        if more > 0
        else lines
    )


def _table(numbers: EffectsNumbers, confidence_level: float) -> Table:
    with_local = _with_local(numbers)
    columns = [
        Column("direction", "text"),
        Column("range"),
        Column(interval_name(confidence_level)),
        *[Column("local effects", "text", gives_way=1)] * with_local,
        Column("lowest, highest at", "text", gives_way=2),
        Column("kind", "text", gives_way=3),
    ]
    rows = [_row(effect, confidence_level, with_local) for effect in numbers.by_reach]
    heading = marked(numbers, f"Effects on {printable(numbers.what)}")
    return Table(heading, "feature", columns, rows, "to_frame(), plot(limit=...)")


def _row(effect: FeatureEffect, confidence_level: float, with_local: bool) -> Row:
    low, high = effect.reach_interval(confidence_level)
    reach = effect.reach if effect.n_points > 1 else math.nan
    number = rounded(reach, low, high)
    interval = "exact" if low == high else number.interval
    word = effect.direction_word
    local = [_local(effect) or "-"] * with_local
    return Row(
        effect.feature,
        [
            word,
            number.value,
            interval,
            *local,
            ends_of(effect) or "-",
            kind_word(effect),
        ],
        Bar(reach, low, high),
        sign=effect.arrow,
        meaning=word,
        claimed=bool(effect.claim),
    )


def _with_local(numbers: EffectsNumbers) -> bool:
    """Whether local effects say something that the directions do not."""
    return any(_local(effect) not in ("", effect.direction_word) for effect in numbers.effects)


def _local(effect: FeatureEffect) -> str:
    """Name the direction of local effects as the table does; "" where there is none to name."""
    word = local_word(effect)
    if word != "none":
        return word
    return "does not move" if effect.unmoved else "barely moves"


def _remarks(numbers: EffectsNumbers) -> list[str]:
    lines = [
        "Direction: which way the mean prediction moves as all rows are moved along the feature; bold "
        "where chance does not explain it, given the number of features (Holm). Range: from the lowest to "
        "the highest point."
    ]
    if _with_local(numbers):
        lines.append("Local effects: the direction among rows moved between neighbouring values only.")
    if any(effect.direction_word == "barely moves" for effect in numbers.effects):
        lines.append("Barely moves: by less than 5% of the range that holds 95 in 100 predictions.")
    return lines


def _few_rows(numbers: EffectsNumbers) -> list[str]:
    if not any(effect.few_rows for effect in numbers.effects):
        return []
    return [
        f"Fewer than {FEW_ROWS} rows were averaged over: too few to tell directions, and no interval is valid."
    ]


def _rows(numbers: EffectsNumbers) -> str:
    return numbers.rows or f"{numbers.n_rows:,} rows"
