"""Scores of an estimator after shuffles: of predictions of the engine, or by calls as scikit-learn makes them."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from joblib import effective_n_jobs
from numpy.typing import NDArray
from sklearn.utils.parallel import Parallel, delayed

from weighin._compat.answers import Answering
from weighin._compat.rows import Table, native, pick
from weighin._compat.scorers import Part, Single, scored
from weighin._engine import Measurement, Resources, Session
from weighin._metrics import Metric
from weighin._models.protocol import Encoded
from weighin._models.sklearn_parts import predicts_row_by_row
from weighin._samplers import ExplicitSampler
from weighin._tables.features import Feature

# by the names of scorers, None for the only one: the score before any shuffle, and those of each feature after each
Scores = dict[str | None, tuple[Any, Any]]


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


def by_engine(task: Task, part: Part) -> Scores | None:
    """Score predictions of the engine; None where scorers have to see the table, or the estimator does not suit."""
    if not part.singles or task.rows.n_rows < 2:
        return None
    estimator = task.estimator
    # it may draw from a generator of its own, or count
    if not predicts_row_by_row(estimator):
        try:
            estimator = deepcopy(estimator)
        # whatever its parts say to that
        except Exception:
            return None
    model = Answering(estimator, part.methods)

    def score(single: Single, target: Any, pred: Any) -> float:
        answers = partial(model.answer, pred=pred)
        return single.of_answers(task.estimator, answers, task.y, task.sample_weight)

    # the scorers know the target and the weights; the engine's own weights would count donors, too
    data = Encoded(task.rows, np.zeros((task.rows.n_rows, 1)))
    metrics = tuple(Metric(str(single.name), True, partial(score, single)) for single in part.singles)
    features = [Feature(str(column), (column,)) for column in range(task.n_columns)]
    donors = ExplicitSampler(task.donors)
    resources = Resources(n_jobs=effective_n_jobs(task.n_jobs), not_at_once="calls do that")
    try:
        with Session(model) as session:
            scores = session.measure(data, features, donors, Measurement(metrics), resources)
    # whatever it is, calls do without, or raise what scikit-learn raises
    except Exception:
        return None
    if not scores.complete:
        raise KeyboardInterrupt
    # whatever it drew, or was not called on, scikit-learn asks for all rows at once
    if scores.noise or scores.unproven:
        return None
    return {
        single.name: (effect.baseline, effect.baseline + effect.change)
        for single, effect in zip(part.singles, scores.swap_effects, strict=True)
    }


def by_calls(task: Task, part: Part, baseline: Any) -> Scores:
    """Score the estimator on tables with one column shuffled."""
    columns = range(task.n_columns)
    call = delayed(_of_column)
    # joblib starts as many processes as it is told, with work or without
    n_jobs = None if task.n_jobs is None else min(effective_n_jobs(task.n_jobs), task.n_columns)
    after = Parallel(n_jobs=n_jobs)(call(task, part.scorer, column) for column in columns)
    if not isinstance(baseline, dict):
        return {None: (baseline, np.array(after))}
    return {
        name: (baseline[name], np.array([[scores[name] for scores in of_one] for of_one in after]))
        for name in after[0][0]
    }


def _of_column(task: Task, scorer: Any, column: int) -> list[Any]:
    scores = []
    for donors in task.donors:
        swapped: Any = task.rows.take(slice(None))
        swapped.replace((column,), task.rows, donors)
        scores.append(scored(scorer, task.estimator, native(swapped), task.y, task.sample_weight))
    return scores
