"""What the given columns explain of each member of a unit: means, spreads and probabilities, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from weighin._samplers.conditional.columns import RawColumn, Treatment
from weighin._samplers.conditional.problem import Problems, Task
from weighin._samplers.conditional.ridge import Places, Values

# share of the variance of log squared residuals that has to be explained before spreads differ
SPREAD_EXPLAINED = 0.01
# spreads outside these quantiles of the rows' are cut off
SPREAD_LIMITS = (0.005, 0.995)
LEAST_PROBABILITY = 0.002
# of a category: how many times the probabilities' lack counts
CLASSES_ALLOWED = 1.5


@dataclass(frozen=True, eq=False)
class Expected:
    """What is expected of a member's value at each of some rows.

    `centre`, `log_sd` (n,): What a value is moved from and to, and its spread; None where values are not moved.
    `chances` (n, n_classes): Of each class, or of being missing.
    `level` (n,): The mean of a number whose values are given as they are; None of others.
    """

    centre: Values | None = None
    log_sd: Values | None = None
    chances: Values | None = None
    level: Values | None = None

    def at(self, rows: Places) -> Expected:
        """Of some of the rows."""
        parts = (self.centre, self.log_sd, self.chances, self.level)
        return Expected(*(None if part is None else part[rows] for part in parts))

    def replaced(self, where: Places, other: Expected, rows: Places) -> Expected:
        """With `other`'s of `rows` at `where`."""

        def put(mine: Values | None, theirs: Values | None) -> Values | None:
            if mine is None or theirs is None:
                return mine
            mine = mine.copy()
            mine[where] = theirs[rows]
            return mine

        return Expected(
            put(self.centre, other.centre),
            put(self.log_sd, other.log_sd),
            put(self.chances, other.chances),
            put(self.level, other.level),
        )


@dataclass(eq=False)
class Member:
    """One column of a unit: `value` is fitted where values are moved, `chance` where they are not, or are missing.

    `level`: The mean of a number that is not moved: chances of ranges do not say where in its range a value
    is.
    """

    column: RawColumn
    treatment: Treatment
    value: Task | None = None
    chance: Task | None = None
    spread: Task | None = None
    level: Task | None = None
    # at the rows that all was fitted on: what values are moved by, and what rows of one bin have in common
    own: Expected = field(default_factory=Expected)
    alike: Expected = field(default_factory=Expected)
    sd: float = 1.0
    limits: tuple[float, float] = (-np.inf, np.inf)

    @classmethod
    def of(
        cls, column: RawColumn, fit_rows: Places, problems: Problems, places: Places, drop: Places
    ) -> Member:
        """Say what has to be fitted, on columns `places` of the design without `drop` of those."""
        member = cls(column, Treatment.of(column, fit_rows))
        values = column.values[fit_rows]
        is_missing = np.isnan(values)
        if not member.treatment.varies or len(drop) == len(places):
            return member
        if member.treatment.moved:
            there = np.flatnonzero(~is_missing) if is_missing.any() else None
            targets = values if there is None else values[there]
            # ridge penalties and floors are meant for numbers of this size
            member.sd = float(targets.std())
            member.value = Task(problems.of(places, there), (targets / member.sd)[:, None], drop)
            if is_missing.any():
                member.chance = Task(problems.of(places), is_missing[:, None].astype(np.float64), drop)
        elif (hot := member.treatment.one_hot(values)).shape[1]:
            member.chance = Task(problems.of(places), hot, drop)
            there = np.flatnonzero(~is_missing)
            numbers = values[there]
            if column.kind != "category" and len(np.unique(numbers)) > 2 and np.isfinite(numbers).all():
                member.sd = float(numbers.std())
                within = there if is_missing.any() else None
                member.level = Task(problems.of(places, within), (numbers / member.sd)[:, None], drop)
        return member

    @property
    def tasks(self) -> list[Task]:
        """What is fitted first."""
        return [task for task in (self.value, self.chance, self.level) if task is not None]

    @property
    def own_share(self) -> float:
        """Share of the variance that the given columns leave; 1 where there is nothing to explain it."""
        if self.value is None or self.chance is None:
            return self.tasks[0].own_share if self.tasks else 1.0
        missing = float(self.chance.targets.mean())
        return (1 - missing) * self.value.own_share + missing * self.chance.own_share

    def lacking(self, bins: Places, expected: Expected) -> float:
        """Share of a change that the fit's own error may make, with bins like these of some rows."""
        value = chance = 0.0
        if self.value is not None:
            value = max(0.0, self.value.lacking)
            if len(self.treatment.existing) and expected.centre is not None:
                # a move of less than half a step is none
                error = self.sd**2 * float(self.value.fit.error.sum())
                value += _variance_within(expected.centre[:, None], bins) / error if error else 0.0
        if self.chance is not None and expected.chances is not None:
            error = float(self.chance.fit.error.sum())
            within = _variance_within(expected.chances, bins) / error if error else 0.0
            chance = CLASSES_ALLOWED * (max(0.0, self.chance.lacking) + within)
        if self.level is not None and expected.level is not None:
            error = self.sd**2 * float(self.level.fit.error.sum())
            within = _variance_within(expected.level[:, None], bins) / error if error else 0.0
            value = max(0.0, self.level.lacking) + within
        return max(value, chance)

    @property
    def centre_sd(self) -> float:
        """How much what is expected of a moved value differs between rows."""
        return 1.0 if self.alike.centre is None else float(self.alike.centre.std()) or 1.0

    @property
    def level_sd(self) -> float:
        """How much the mean of a value that is not moved differs between rows."""
        return 1.0 if self.alike.level is None else float(self.alike.level.std()) or 1.0

    @property
    def leverage(self) -> float:
        """Mean leverage of the rows."""
        return max((float(task.fit.leverage.mean()) for task in self.tasks), default=0.0)

    def finish(self, design: Values) -> None:
        """Keep what is expected at the rows that all was fitted on."""
        if self.spread is not None and self.spread.own_share > 1 - SPREAD_EXPLAINED:
            self.spread = None
        if self.spread is not None:
            left_out = self.spread.fit.left_out(self.spread.targets)
            low, high = np.quantile(left_out, SPREAD_LIMITS)
            self.limits = (float(low), float(high))
        centre, log_sd, chances = None, None, None
        if self.value is not None:
            within = self.value.problem.within
            # rows without a value are told from the others
            every = len(within) == len(design)
            centre = np.empty(len(design)) if every else self.sd * self.value.predict(design)[:, 0]
            centre[within] = self.sd * (self.value.targets[:, 0] - self.value.residual())
            if self.spread is not None:
                log_sd = np.empty(len(design)) if every else self._log_sd(self.spread.predict(design))
                log_sd[within] = self._log_sd(left_out)
        if self.chance is not None:
            chances = _chances(self.chance.fit.left_out(self.chance.targets))
        level = None if self.level is None else self.sd * self.level.predict(design)[:, 0]
        self.own = Expected(centre, log_sd, chances, level)
        # rows with the same values in the given columns have to be alike: what leaves a row's own value out, or takes
        # a part of it, tells them apart by that value, and donors would be rows that have it, too
        self.alike = self.predicted(design)

    def predicted(self, design: Values) -> Expected:
        """What is expected at rows of the design, by the fit alone."""
        return Expected(
            None if self.value is None else self.sd * self.value.predict(design)[:, 0],
            None if self.spread is None else self._log_sd(self.spread.predict(design)),
            None if self.chance is None else _chances(self.chance.predict(design)),
            None if self.level is None else self.sd * self.level.predict(design)[:, 0],
        )

    def expected(self, design: Values, values: Values) -> Expected:
        """What is expected at rows that nothing was fitted on, so that residuals are as wide as the others'."""
        expected = self.predicted(design)
        if self.value is None or expected.centre is None:
            return expected
        wide = np.sqrt(1 + self.value.leverage(design))
        rest = np.where(np.isnan(values), 0.0, values - expected.centre)
        # a missing value's own centre is the plain one
        centre = np.where(np.isnan(values), expected.centre, expected.centre + rest * (1 - 1 / wide))
        return Expected(centre, expected.log_sd, expected.chances)

    def _log_sd(self, log_squares: Values) -> Values:
        return np.asarray(0.5 * log_squares[:, 0].clip(*self.limits))

    def received(self, values: Values, expected: Expected, donors: Places) -> Values:
        """Values (n_repeats, n_rows) that rows receive from donors among them."""
        given = values[donors]
        if expected.centre is None:
            return given
        moved = given + (expected.centre - expected.centre[donors])
        if expected.log_sd is not None:
            ratio = np.exp(expected.log_sd - expected.log_sd[donors])
            moved = moved + (ratio - 1) * (given - expected.centre[donors])
        return self.treatment.snapped(moved)


def scores(members: Sequence[tuple[Member, Expected]]) -> Values:
    """What rows of one bin have in common: a column for each thing expected of them by `Member.predicted`."""
    columns: list[Values] = []
    for member, expected in members:
        if expected.centre is not None and member.value is not None and member.value.tells:
            columns.append(expected.centre / member.centre_sd)
        if expected.log_sd is not None and member.spread is not None and member.spread.tells:
            columns.append(2 * expected.log_sd)
        if expected.level is not None and member.level is not None and member.level.tells:
            columns.append(expected.level / member.level_sd)
        if expected.chances is not None and member.chance is not None and member.chance.tells:
            # chances of classes add up to 1: the first says nothing new
            classes = expected.centre is None
            columns += list(expected.chances.T[1:] if classes else 2 * expected.chances.T)
    n_rows = max(
        (len(part) for _, e in members for part in (e.centre, e.chances) if part is not None), default=0
    )
    return np.column_stack(columns) if columns else np.empty((n_rows, 0))


def _variance_within(values: Values, bins: Places) -> float:
    """Variance within bins, added up over columns."""
    sizes = np.bincount(bins)[:, None]
    means = np.stack([np.bincount(bins, column) for column in values.T], axis=1) / sizes
    return float(((values - means[bins]) ** 2).sum() / len(values))


def _chances(values: Values) -> Values:
    """Linear probabilities, none of them at 0; those of several classes add up to 1."""
    values = values.clip(LEAST_PROBABILITY, None)
    return values / values.sum(1, keepdims=True) if values.shape[1] > 1 else values
