"""Rows and columns on which targets are fitted; what is asked of the same ones shares a Gram matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from weighin._samplers.conditional.extras import Extras
from weighin._samplers.conditional.ridge import LEAST_FREEDOM, Fit, Job, Places, Ridge, Values

# of the mean square, added to squared residuals before their logarithm is taken
FLOOR = 0.001


@dataclass(eq=False)
class Problem:
    """Some rows and columns of the design.

    `within`: Rows, among those that anything is fitted on. `places`: Columns of the design. `rows`: Their values.
    `curved`: Which of the columns bend. `halves`: The rows, cut in two at random.
    """

    within: Places
    places: Places
    rows: Values
    curved: NDArray[np.bool_]
    halves: tuple[Places, Places]
    ridge: Ridge = field(init=False)

    def __post_init__(self) -> None:
        self.ridge = Ridge(self.rows, self.curved)
        self._of_halves: dict[int, Ridge] = {}

    def of_half(self, number: int) -> Ridge:
        """Fits on one half of the rows."""
        if number not in self._of_halves:
            self._of_halves[number] = Ridge(self.rows[self.halves[number]], self.curved, exact=False)
        return self._of_halves[number]

    def done(self) -> None:
        """Forget what only fitting needs."""
        self._of_halves.clear()


@dataclass(eq=False)
class Task:
    """Targets (n, q) fitted on the given columns: a number, whether it is missing, or which class it is of.

    `drop`: Columns of the problem that are not given. `extras`: Further ones for these targets alone.
    """

    problem: Problem
    targets: Values
    drop: Places
    extras: Extras = field(default_factory=Extras)
    fit: Fit = field(init=False)
    half_error: Values | None = None

    @property
    def job(self) -> Job:
        """As the ridge regression takes it."""
        return Job(self.targets, self.drop, self.extras.of(self.problem.rows), self.extras.curved)

    @property
    def straight(self) -> Places:
        """Columns of the problem that are given, and straight."""
        return np.setdiff1d(np.flatnonzero(~self.problem.curved), self.drop)

    def keep_if_better(self, extras: Extras) -> bool:
        """Fit again with these further columns; keep what predicts rows left out better."""
        job = Job(self.targets, self.drop, extras.of(self.problem.rows), extras.curved)
        (fit,) = self.problem.ridge.fit([job])
        better = float(fit.error.sum()) < float(self.fit.error.sum())
        if better:
            self.fit, self.extras = fit, extras
        return better

    @property
    def lacking(self) -> float:
        """How much larger the error is with half of the rows to learn from."""
        error = float(self.fit.error.sum())
        return 0.0 if self.half_error is None or not error else float(self.half_error.sum()) / error - 1

    @property
    def own_share(self) -> float:
        """Share of the variance that the given columns leave."""
        variance = float(self.targets.var(0).sum())
        return float(self.fit.error.sum()) / variance if variance else 1.0

    @property
    def tells(self) -> bool:
        """Whether rows with the same fitted values are more alike than their own targets make them seem.

        A fit on many columns leans to each row's own target, and so do bins cut by it: donors have what rows have.
        """
        error, fitted = float(self.fit.error.sum()), float(self.fit.fitted.var(0).sum())
        if not error or not fitted:
            return bool(fitted)
        leaning = float(self.fit.leverage.mean()) ** 2 * error / fitted
        return float(self.targets.var(0).sum()) / error - 1 > leaning

    def residual(self) -> Values:
        """Residuals of the rows it was fitted on, (n,): as wide as the errors are."""
        freedom = np.maximum(1 - self.fit.leverage[:, 0], LEAST_FREEDOM)
        rest: Values = (self.targets[:, 0] - self.fit.fitted[:, 0]) / np.sqrt(freedom)
        return rest

    def log_squares(self) -> Task:
        """Log squared residuals, to be fitted as the targets were: of what size they are."""
        squares = self.residual() ** 2
        targets = np.log(squares + FLOOR * squares.mean() + np.finfo(float).tiny)
        return Task(self.problem, targets[:, None], self.drop, self.extras)

    def predict(self, rows: Values) -> Values:
        """Fitted values (n, q) of rows of the design."""
        mine = self._mine(rows)
        return self.fit.predict(mine, self.extras.of(mine))

    def leverage(self, rows: Values) -> Values:
        """Leverage (n,) of rows of the design that it was not fitted on."""
        mine = self._mine(rows)
        return self.problem.ridge.leverage(int(self.fit.penalty[0]), self.job, mine, self.extras.of(mine))

    def _mine(self, rows: Values) -> Values:
        places = self.problem.places
        return rows if len(places) == rows.shape[1] else rows[:, places]


class Problems:
    """All problems of a table, each made once.

    `design` (n, width): Rows that anything is fitted on. `curved`: Which of its columns bend. `seed`: Of the halves.
    """

    def __init__(self, design: Values, curved: NDArray[np.bool_], seed: int) -> None:
        self.design, self.curved, self.seed = design, curved, seed
        self._made: dict[tuple[bytes, bytes], Problem] = {}

    def of(self, places: Places, within: Places | None = None) -> Problem:
        """Return the problem of these columns of the design, and rows; None for all."""
        rows = np.arange(len(self.design)) if within is None else within
        key = (places.tobytes(), rows.tobytes())
        if key not in self._made:
            order = np.random.default_rng([self.seed, len(rows)]).permutation(len(rows))
            halves = (order[: len(rows) // 2], order[len(rows) // 2 :])
            every = len(rows) == len(self.design) and len(places) == self.design.shape[1]
            values = self.design if every else self.design[np.ix_(rows, places)]
            self._made[key] = Problem(rows, places, values, self.curved[places], halves)
        return self._made[key]

    def done(self) -> None:
        """Forget what only fitting needs."""
        for problem in self._made.values():
            problem.done()


def fit_all(tasks: Sequence[Task]) -> None:
    """Fit them: those of one problem at once."""
    for mine in _by_problem(tasks):
        for task, fit in zip(mine, mine[0].problem.ridge.fit([task.job for task in mine]), strict=True):
            task.fit = fit


def measure_lack(tasks: Sequence[Task]) -> None:
    """Find how large the error is with half of the rows."""
    for mine in _by_problem(tasks):
        problem = mine[0].problem
        if len(problem.within) < 4:
            continue
        extras = [task.extras.of(problem.rows) for task in mine]
        for task in mine:
            task.half_error = np.zeros(task.targets.shape[1])
        for number, half in enumerate(problem.halves):
            other = problem.halves[1 - number]
            jobs = [
                Job(task.targets[half], task.drop, None if extra is None else extra[half], task.extras.curved)
                for task, extra in zip(mine, extras, strict=True)
            ]
            for task, extra, fit in zip(mine, extras, problem.of_half(number).fit(jobs), strict=True):
                told = fit.predict(problem.rows[other], None if extra is None else extra[other])
                squares = ((task.targets[other] - told) ** 2).sum(0)
                task.half_error = squares / len(problem.rows) + task.half_error


def _by_problem(tasks: Sequence[Task]) -> list[list[Task]]:
    parts: dict[int, list[Task]] = {}
    for task in tasks:
        parts.setdefault(id(task.problem), []).append(task)
    return list(parts.values())
