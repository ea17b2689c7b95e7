"""What a page shows of a model besides its importances: segments, which way it pushes, and what goes together."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from weighin._display.charts import Cells, Curves
from weighin._display.numbers import interval_name
from weighin._display.telling import Section
from weighin._results.associations import Associations
from weighin._results.associations_charts import closest, clusters
from weighin._results.effects import Effects
from weighin._results.effects_charts import ChartOptions, curves
from weighin._results.given_feature import shuffled
from weighin._results.importance_charts import of_metric, segments
from weighin._results.importance_numbers import ImportanceNumbers

# effects, curves of single rows of each, columns that go together, those of them in a square, rows of segments
MOST_EFFECTS, MOST_CURVES, MOST_FEATURES, MOST_PAIRED, MOST_ROWS = 20, 24, 60, 15, 20
READING = (
    "What was done: the trained model stayed as it is. The values of one column were shuffled between "
    "rows, and the loss was measured again. The importance is how much worse it got.",
    "Sign: above zero the model gets worse without the feature, whether the metric is an error or a score. "
    "Below zero, shuffling helped on these rows: noise, or something the model learned that does not hold. "
    "The sign says nothing about which way the feature pushes the prediction.",
    "How sure: the interval says where the number would lie for this model on all rows of this kind, with "
    "the confidence named beside it. It allows for the fact that other rows and other shuffles would have given "
    "another number. A pale bar cannot be told apart from zero.",
    "Correlated features stand in for each other. “Near zero” means that this model barely uses the column, given the "
    "rest; it does not mean that the column is worthless.",
    "No shares: the numbers do not add up to the error, or to each other. No feature is “responsible for 60% of the "
    "prediction”.",
    "Which model: the numbers describe this one trained model, not the world, and not the next training.",
)

GIVEN = (
    "Given the other columns: rows exchange values of a column only with rows that look alike in the other columns, "
    "and only the part of a value that these do not explain. The rows this makes could exist. What is left of the "
    "importance is what the model takes from this column and cannot take from the others.",
    "Freely and given the others: where the first is large and the second small, the column carries what others carry, "
    "too. That says nothing about which of them is the cause, or which the model needs: train without it to see.",
)


def warnings(numbers: ImportanceNumbers) -> list[tuple[str, str]]:
    """What a page says before all else."""
    said = []
    if numbers.on_training_rows:
        text = (
            "The model has seen them before and may rely on noise it memorised: features can look heavier here than "
            "they are on new rows."
        )
        said.append(("TRAINED ON SOME OF THESE ROWS.", text))
    effects = numbers.effects
    if effects is not None and effects.model and numbers.model not in ("", effects.model):
        text = f"Curves are of {effects.model}, and the rest of this page is about {numbers.model}."
        said.append(("ANOTHER MODEL.", text))
    if not numbers.complete:
        said.append(("PARTIAL.", "The run was interrupted; it shows only the features that were finished."))
    return said


def sections(numbers: ImportanceNumbers, level: float) -> list[Section]:
    """The parts of a page behind chart and numbers, as far as there is something to show."""
    return [*_together(numbers), *_by_segment(numbers, level)]


def effect_curves(numbers: ImportanceNumbers, level: float) -> Curves | None:
    """Give the curve of each feature that has one, the heaviest first."""
    effects = numbers.effects
    if effects is None or not effects.effects:
        return None
    weight = {numbers.features[i]: rank for rank, i in enumerate(numbers.order)}
    names = sorted(effects.features, key=lambda name: weight.get(name, len(weight)))
    return curves(effects.at(level), ChartOptions(features=names, limit=len(names)))


def _together(numbers: ImportanceNumbers) -> list[Section]:
    if numbers.associations is None:
        return []
    telling = numbers.associations.tell()
    intro = (
        "Columns that carry the same information stand in for each other: shuffling one leaves its "
        "information in place in the others, so each can look unimportant while together they matter."
    )
    return [
        Section(
            "Features that go together", intro, telling.sentences,
            [clusters(numbers.associations, MOST_PAIRED)], telling.tables[1:],
            [*telling.remarks[1:], *telling.notes], "Associations",
        )
    ]  # fmt: skip


def _by_segment(numbers: ImportanceNumbers, level: float) -> list[Section]:
    if not numbers.segments:
        return []
    tables: list[Cells] = []
    for given in numbers.givens:
        shown = {"Shuffled": shuffled(given)} if len(numbers.givens) > 1 else {}
        for metric in numbers.metrics:
            part: Any = of_metric(numbers, metric, given)
            cells = segments(part, part.order[:MOST_ROWS], level=level)
            tables.append(dataclasses.replace(cells, choice={"Metric": metric, **shown}))
    intro = (
        "The same shuffles, measured on the rows of each segment alone. Small segments are noisy: below each number "
        f"stands its {interval_name(level)}. Slanted: cannot be told apart from zero."
    )
    return [Section(f"By {numbers.by}", intro, charts=tables, link="Segments")]


def kept_effects(numbers: ImportanceNumbers, effects: Effects) -> Effects:
    """Give those of the heaviest features, with as many curves and digits as a page shows."""
    weight = {numbers.features[i]: rank for rank, i in enumerate(numbers.order)}
    heaviest = sorted(effects.effects, key=lambda effect: weight.get(effect.feature, len(weight)))[
        :MOST_EFFECTS
    ]
    return dataclasses.replace(
        effects,
        effects=tuple(
            dataclasses.replace(effect, curves=_short(effect.curves[:MOST_CURVES])) for effect in heaviest
        ),
    )


def _short(curves: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.array([[float(f"{value:.6g}") for value in curve] for curve in curves])


def kept_associations(associations: Associations) -> Associations:
    """Give those of the columns with the closest ones, as many as a page shows."""
    names = set(closest(associations, MOST_FEATURES))
    places = [place for place, name in enumerate(associations.features) if name in names]
    if len(places) == len(associations.features):
        return associations
    left_out = f"{len(associations.features) - len(places)} columns without closer ones are left out here."
    clusters = (tuple(name for name in members if name in names) for members in associations.clusters)
    return dataclasses.replace(
        associations,
        features=tuple(associations.features[place] for place in places),
        kinds=tuple(associations.kinds[place] for place in places),
        association=associations.association[np.ix_(places, places)],
        measures=tuple(tuple(associations.measures[i][j] for j in places) for i in places),
        clusters=tuple(members for members in clusters if len(members) > 1),
        order=tuple(name for name in associations.order if name in names),
        off_data={name: ratio for name, ratio in associations.off_data.items() if name in names},
        notes=(*associations.notes, left_out),
    )


def joined(first: ImportanceNumbers, second: ImportanceNumbers) -> dict[str, Any]:
    """Join what else was found of two parts of one result."""
    effects = first.effects or second.effects
    if first.effects is not None and second.effects is not None:
        both = {effect.feature: effect for part in (second.effects, first.effects) for effect in part.effects}
        notes = dict.fromkeys((*first.effects.notes, *second.effects.notes))
        effects = dataclasses.replace(first.effects, effects=tuple(both.values()), notes=tuple(notes))
    return {
        "effects": effects,
        "associations": first.associations or second.associations,
        # neither gave all of it
        "command": first.command if first.command == second.command else "",
    }
