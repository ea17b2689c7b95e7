"""Two ways to score an estimator after shuffles: on predictions of the engine, or by calls as scikit-learn does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from joblib import effective_n_jobs
from numpy.typing import NDArray
from sklearn.utils.parallel import Parallel, delayed

from weighin import _engine
from weighin._compat._answers import Answering
from weighin._compat._rows import Table, native, pick
from weighin._compat._scorers import Part, scored
from weighin._donors import ExplicitDonors
from weighin._features import Feature
from weighin._metrics import Metric
from weighin._models._base import Encoded

Scores = list[list[Any]]  # of each feature, after each of its shuffles


@dataclass(frozen=True)
class Task:
    """What is shuffled, how, and what it is scored against; `donors` has shape (n_repeats, n_rows)."""

    estimator: Any
    rows: Table
    donors: NDArray[np.int64]
    y: Any
    sample_weight: Any
    n_jobs: int | None

    def on(self, rows: NDArray[np.int64]) -> Task:
        """The same on some rows of the table; the donors are theirs already."""
        y, sample_weight = pick(self.y, rows), pick(self.sample_weight, rows)
        return replace(self, rows=self.rows.take(rows), y=y, sample_weight=sample_weight)

    @property
    def n_columns(self) -> int:
        """Columns of the table."""
        return int(native(self.rows).shape[1])


def by_engine(task: Task, part: Part) -> tuple[Any, Scores] | None:
    """Score predictions of the engine.

    Returns
    -------
    tuple of scores before any shuffle, and Scores; or None
        None where the scorers have to see the table, or the estimator does not go with the engine.
    """
    if part.methods is None or task.rows.n_rows < 2:
        return None
    model = Answering(task.estimator, part.methods)
    told: list[Any] = []

    def number(target: Any, pred: Any) -> float:
        # the engine deals in plain finite numbers, and scores may be several, or none: it gets their place in a list
        told.append(part.of_answers(task.estimator, model.answers(pred), task.y, task.sample_weight))
        return float(len(told) - 1)

    features = [Feature(str(column), (column,)) for column in range(task.n_columns)]
    data = Encoded(task.rows, np.zeros((task.rows.n_rows, 1)))
    donors, places = ExplicitDonors(task.donors), Metric("score", True, number)
    jobs = effective_n_jobs(task.n_jobs)
    try:
        found = _engine.run(model, data, features, donors, places, n_jobs=jobs)
    except Exception:  # whatever it is, calls do without, or raise what scikit-learn raises
        return None
    if not found.complete:
        raise KeyboardInterrupt
    if (
        found.noise or found.company
    ):  # numbers depend on how rows are put together: scikit-learn asks for all at once
        return None
    after = np.rint(found.baseline + found.change).astype(int)
    return told[int(found.baseline)], [[told[place] for place in of_one] for of_one in after.tolist()]


def by_calls(task: Task, part: Part) -> Scores:
    """Score the estimator on tables with one column shuffled."""
    columns = range(task.n_columns)
    return list(
        Parallel(n_jobs=task.n_jobs)(delayed(_of_column)(task, part.scorer, column) for column in columns)
    )


def _of_column(task: Task, scorer: Any, column: int) -> list[Any]:
    scores = []
    for donors in task.donors:
        swapped: Any = task.rows.take(slice(None))
        swapped.replace((column,), task.rows, donors)
        scores.append(scored(scorer, task.estimator, native(swapped), task.y, task.sample_weight))
    return scores


def agree(one: Any, other: Any) -> bool:
    """Whether scores of predictions are those that the scorer gave on the estimator, up to rounding."""
    if isinstance(one, dict):
        return all(agree(score, other[name]) for name, score in one.items())
    try:
        return bool(np.allclose(one, other, rtol=1e-5, atol=1e-8, equal_nan=True))
    except TypeError:
        return False
