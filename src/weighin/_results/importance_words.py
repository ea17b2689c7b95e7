"""What an importance is called: headings, axes, what the numbers are taken from, and of what nothing is claimed."""

from __future__ import annotations

import numpy as np

from weighin._display.numbers import write
from weighin._results.given_feature import alike, shuffled
from weighin._results.importance_numbers import ImportanceNumbers
from weighin._results.importance_sentences import which_rows
from weighin._results.one_feature import worse_by
from weighin._results.provenance import marked

TITLE = "What the model weighs"


def heading(numbers: ImportanceNumbers, title: str = TITLE) -> str:
    """Mark a title by what must not be missed."""
    finished = f"{len(numbers.features)} feature{'s' * (len(numbers.features) != 1)} finished"
    partial = "" if numbers.complete else f"PARTIAL, {finished} - "
    only = (
        f", {shuffled(numbers.given)}"
        if numbers.given and len(numbers.givens) == 1 and title == TITLE
        else ""
    )
    return marked(numbers, f"{partial}{title}{only}")


def effect_label(numbers: ImportanceNumbers) -> str:
    """Head of the column of importances."""
    return worse_by(numbers.metric)


def axis_label(numbers: ImportanceNumbers, given: str | None = None) -> str:
    """Label of the axis of a chart; of one that shows numbers shuffled in other ways too, with `given` ""."""
    among = alike(numbers.given if given is None else given)
    if numbers.metric == "prediction_change":
        return f"how far the prediction moves when the column is shuffled{among}"
    return f"how much worse {numbers.metric} gets when the column is shuffled{among}"


def about(numbers: ImportanceNumbers) -> str:
    """Say what the numbers are taken from."""
    better = "higher" if numbers.greater_is_better else "lower"
    baseline = f"Baseline {numbers.metric} {write(numbers.baseline, digits=4)} ({better} is better) on "
    if numbers.metric == "prediction_change":
        baseline = "How far predictions move, on "
    training = " THE MODEL WAS TRAINED ON SOME OF THESE ROWS." if numbers.on_training_rows else ""
    shuffles = f"{numbers.n_repeats} shuffle{'s' * (numbers.n_repeats > 1)} per feature"
    ways = [alike(given).strip() or "among all rows" for given in numbers.givens]
    among = f", {' and '.join(ways)}" if any(numbers.givens) else ""
    return f"{baseline}{which_rows(numbers)}; {shuffles}{among}, seed {numbers.random_state}.{training}"


def unclear(numbers: ImportanceNumbers, level: float = 0.95) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whether nothing may be claimed of each feature: pale in every chart."""
    claims = numbers._claims(level)
    return np.zeros(len(numbers.features), dtype=bool) if claims is None else ~claims.any
