"""Products and leaves of trees, tried for a task and kept where they help."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from weighin._samplers.conditional.extras import (
    MOST_FOR_TREES,
    MOST_SCREENED,
    honest_gain,
    leaves_of,
    likely,
    products_in,
)
from weighin._samplers.conditional.problem import Task
from weighin._samplers.conditional.ridge import Job, Places

# what trees have to explain of the rest before more is tried, where that takes long; how much smaller the error on
# other rows has to be
WORTH_TRYING = 0.003
WORTH_KEEPING = 0.98
# rows of each half that the first look takes
LOOKED_AT = 1000
# rows times columns
QUICK = 200_000


def add_products(task: Task) -> None:
    """Fit again with products of two columns, where any go with what is left, and keep it if the error drops."""
    rest = task.targets - task.fit.left_out(task.targets)
    columns = likely(task.problem.rows, task.straight, task.targets, rest, MOST_SCREENED)
    found = products_in(task.problem.rows, columns, rest)
    if found is not None:
        task.keep_if_better(task.extras.also(found, task.problem.rows))


def add_leaves(task: Task) -> None:
    """Fit again with leaves of small trees, and keep them if half of the rows predict the other half better."""
    problem = task.problem
    rest = task.targets - task.fit.left_out(task.targets)
    columns = likely(problem.rows, task.straight, task.targets, rest, MOST_FOR_TREES)
    if not len(columns) or task.half_error is None:
        return
    quick = len(problem.rows) * problem.rows.shape[1] < QUICK
    looked_at = [half[:LOOKED_AT] for half in problem.halves]
    if not quick and honest_gain(problem.rows, columns, task.targets, rest, looked_at) < WORTH_TRYING:
        return
    error = _half_error(task, columns)
    if error.sum() >= WORTH_KEEPING * task.half_error.sum():
        return
    grown = leaves_of(problem.rows, columns, task.targets, rest, problem.halves)
    if grown is not None and task.keep_if_better(task.extras.also(grown, problem.rows)):
        task.half_error = error


def _half_error(task: Task, columns: Places) -> np.ndarray:
    """Error of the fit with leaves, all of it from one half of the rows, on the other half."""
    problem = task.problem
    error = np.zeros(task.targets.shape[1])
    for number, fitted in enumerate(problem.halves):
        other, ridge = problem.halves[1 - number], problem.of_half(number)
        rows, targets = problem.rows[fitted], task.targets[fitted]
        extras = task.extras
        (fit,) = ridge.fit([Job(targets, task.drop, extras.of(rows), extras.curved)])
        grown = leaves_of(rows, columns, targets, targets - fit.fitted, _halves(len(fitted)))
        if grown is not None:
            wider = extras.also(grown, rows)
            (wide,) = ridge.fit([Job(targets, task.drop, wider.of(rows), wider.curved)])
            if wide.error.sum() < fit.error.sum():
                fit, extras = wide, wider
        told = fit.predict(problem.rows[other], extras.of(problem.rows[other]))
        error += ((task.targets[other] - told) ** 2).sum(0)
    return error / len(task.targets)


def _halves(n: int) -> Sequence[Places]:
    """Every other row: they come in random order."""
    return (np.arange(0, n, 2), np.arange(1, n, 2))
