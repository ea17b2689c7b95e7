"""Ridge regression of many targets on the same columns, each target without the columns that are its own.

One Gram matrix serves all: with P = (Z'Z + L)^-1 for all columns, the fit without the columns J has the coefficients
(P - P_:J P_JJ^-1 P_J:) Z't and the leverages z'Pz - (Pz)_J' P_JJ^-1 (Pz)_J. Further columns E of one target alone come
in by the same identity from the other side.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

Values = NDArray[np.float64]
Places = NDArray[np.int64]

# penalties of straight columns where no others are used, and of straight and curved ones
STRAIGHT = (0.01, 1.0, 10.0, 100.0, 1000.0)
BOTH = tuple((straight, curved) for straight in (0.01, 3.0) for curved in (1.0, 10.0, 100.0, 1000.0))
# 1 - leverage is at least this
LEAST_FREEDOM = 0.02
# rows times columns squared, up to which every penalty is judged by leaving each row out. Above, generalised
# cross-validation (the mean leverage in place of each row's) chooses, and rows are left out under the choice alone.
EXACT_WORK = 3e8


@dataclass(frozen=True, eq=False)
class Job:
    """Targets (n, q) to fit without the columns `drop`; `extra` (n, e) columns of their own, some of them `curved`."""

    targets: Values
    drop: Places
    extra: Values | None = None
    curved: NDArray[np.bool_] | None = None


@dataclass(eq=False)
class Fit:
    """Fits of a job's targets, each under the penalty with the smallest error.

    `intercept` (q,), `coef` (width, q), `extra_coef` (e, q): fitted = intercept + Z coef + E extra_coef.
    `fitted`, `leverage` (n, q): Of the rows it was fitted on.
    `error` (q,): Mean squared error, each row left out.
    `penalty` (q,): Number of the penalty chosen.
    """

    intercept: Values
    coef: Values
    extra_coef: Values
    fitted: Values
    leverage: Values
    error: Values
    penalty: Places

    def left_out(self, targets: Values) -> Values:
        """What the other rows predict for each row, of shape (n, q)."""
        return targets - (targets - self.fitted) / np.maximum(1 - self.leverage, LEAST_FREEDOM)

    def predict(self, rows: Values, extra: Values | None = None) -> Values:
        """Fitted values of other rows, of shape (n, q)."""
        fitted: Values = self.intercept + rows @ self.coef
        return fitted if extra is None else fitted + extra @ self.extra_coef


class _Penalty:
    """One penalty: the inverse over the columns it uses (`places`), and each row's leverage when asked."""

    def __init__(self, gram: Values, places: Places, weights: Values, extra: tuple[float, float]) -> None:
        self.places, self.weights, self.extra = places, weights, extra
        self.inverse = positive_inverse(gram[np.ix_(places, places)] + np.diag(weights))
        self.position = np.full(len(gram), -1)
        self.position[places] = np.arange(len(places))
        self.leverages: Values | None = None

    def of_rows(self, rows: Values) -> Values:
        """The columns it uses."""
        return rows if len(self.places) == rows.shape[1] else rows[:, self.places]


class _Reduced:
    """A penalty for one job: without its dropped columns, with its extra ones."""

    def __init__(self, penalty: _Penalty, rows: Values, job: Job) -> None:
        self.penalty = penalty
        self.drop = penalty.position[job.drop]
        self.drop = self.drop[self.drop >= 0]
        self.side = penalty.inverse[:, self.drop]
        self.small = positive_inverse(self.side[self.drop])
        self.extra_kept = np.empty(0, dtype=np.int64)
        if job.extra is not None and job.curved is not None:
            self.extra_kept = np.flatnonzero(~job.curved | np.isfinite(penalty.extra[1]))
            extra = job.extra[:, self.extra_kept]
            self.extra_mean = extra.mean(0)
            extra = extra - self.extra_mean
            cross = rows.T @ extra
            self.bridge = self.without(penalty.inverse @ self._undropped(cross), cross)
            self.extra_rest = extra - rows @ self.bridge
            weights = np.where(job.curved[self.extra_kept], penalty.extra[1], penalty.extra[0])
            self.extra_inverse = positive_inverse(extra.T @ self.extra_rest + np.diag(weights))

    def _undropped(self, cross: Values) -> Values:
        cross = cross.copy()
        cross[self.drop] = 0.0
        return cross

    def without(self, products: Values, cross: Values) -> Values:
        """Coefficients without the dropped columns, from those of the inverse times `cross` with them at 0."""
        if not len(self.drop):
            return products
        coef = products - self.side @ (self.small @ products[self.drop])
        coef[self.drop] = 0.0
        return coef

    def leverage(self, rows: Values, own: Values, extra: Values | None, n: int) -> Values:
        """Leverage of rows, of which `own` is what they have with all columns; of shape (n,)."""
        moved = rows @ self.side
        h = own - ((moved @ self.small) * moved).sum(1) + 1 / n
        if len(self.extra_kept) and extra is not None:
            rest = self.of_extra(extra) - rows @ self.bridge
            h = h + ((rest @ self.extra_inverse) * rest).sum(1)
        return h

    def of_extra(self, extra: Values | None) -> Values:
        """Extra columns that count, around their means."""
        return np.empty((0, 0)) if extra is None else extra[:, self.extra_kept] - self.extra_mean

    def adjust(self, job: Job, targets: Values, rows: Values, coef: Values) -> Values:
        """Coefficients of the extra columns; `coef` becomes what it is beside them."""
        if job.extra is None or not len(self.extra_kept):
            return np.zeros((0, targets.shape[1]))
        gamma: Values = self.extra_inverse @ (self.of_extra(job.extra).T @ (targets - rows @ coef))
        coef -= self.bridge @ gamma
        return gamma

    def mean_leverage(self, n: int) -> float:
        """Trace of the hat matrix over the rows."""
        diagonal = np.diag(self.penalty.inverse) - ((self.side @ self.small) * self.side).sum(1)
        diagonal[self.drop] = 0.0
        freedom = len(diagonal) - len(self.drop) - float(diagonal @ self.penalty.weights) + 1
        if len(self.extra_kept):
            freedom += float((self.extra_inverse * (self.extra_rest.T @ self.extra_rest)).sum())
        return freedom / n


class Ridge:
    """Fits on `rows` (n, width), of which the columns `curved` bend.

    `exact`: Whether rows are left out to judge a penalty; None: where that is cheap, else for the chosen one alone.
    False: never, and leverages are mean ones.
    """

    def __init__(self, rows: Values, curved: NDArray[np.bool_], exact: bool | None = None) -> None:
        self.n = len(rows)
        self.centre = rows.mean(0)
        self.rows = rows - self.centre
        self.exact = self.n * rows.shape[1] ** 2 <= EXACT_WORK if exact is None else exact
        self.settled = exact is not False
        gram = self._gram = self.rows.T @ self.rows
        self._last: tuple[Values, dict[int, Values]] = (np.empty((0, 0)), {})
        self._straight = self.rows if not curved.any() else np.ascontiguousarray(self.rows[:, ~curved])
        straight, every = np.flatnonzero(~curved), np.arange(len(curved))
        self.penalties = [_Penalty(gram, straight, np.full(len(straight), p), (p, np.inf)) for p in STRAIGHT]
        # also without a curved column of the table: leaves of trees are penalised as curved ones
        self.penalties += [
            _Penalty(gram, every, np.where(curved, large, small), (small, large)) for small, large in BOTH
        ]

    def fit(self, jobs: Sequence[Job]) -> list[Fit]:
        """Fit every target of every job under the penalty that predicts it best."""
        ends = np.cumsum([0, *(job.targets.shape[1] for job in jobs)])
        slices = [slice(start, stop) for start, stop in itertools.pairwise(ends)]
        targets = np.column_stack([job.targets for job in jobs])
        means = targets.mean(0)
        targets = targets - means
        squares = (targets**2).sum(0)
        cross = self.rows.T @ targets
        for job, place in zip(jobs, slices, strict=True):
            cross[job.drop, place] = 0.0
        best, chosen = np.full(len(means), np.inf), np.zeros(len(means), dtype=np.int64)
        coef = np.zeros_like(cross)
        extras = [
            np.zeros((0 if job.extra is None else job.extra.shape[1], job.targets.shape[1])) for job in jobs
        ]
        for number, penalty in enumerate(self.penalties):
            rows, own = self._own_rows(penalty), cross[penalty.places]
            parts = [_Reduced(penalty, rows, job) for job in jobs]
            beta = penalty.inverse @ own
            for part, place in zip(parts, slices, strict=True):
                beta[:, place] = part.without(beta[:, place], own[:, place])
            gammas = [
                part.adjust(job, targets[:, place], rows, beta[:, place])
                for job, part, place in zip(jobs, parts, slices, strict=True)
            ]
            error = np.empty_like(best)
            if not self.exact:
                # of many rows their squares are added up by the Gram matrix
                left = squares - 2 * (beta * own).sum(0) + (beta * (self._gram_of(penalty) @ beta)).sum(0)
            for job, part, gamma, place in zip(jobs, parts, gammas, slices, strict=True):
                if self.exact or len(gamma):
                    rest = targets[:, place] - rows @ beta[:, place]
                    if len(gamma):
                        rest -= part.of_extra(job.extra) @ gamma
                if self.exact:
                    h = part.leverage(rows, self._own(penalty, rows), job.extra, self.n)
                    error[place] = ((rest / np.maximum(1 - h, LEAST_FREEDOM)[:, None]) ** 2).mean(0)
                else:
                    total = (rest**2).sum(0) if len(gamma) else left[place].clip(0)
                    error[place] = total / self.n / max(1 - part.mean_leverage(self.n), LEAST_FREEDOM) ** 2
            better = error < best
            best[better], chosen[better] = error[better], number
            coef[:, better] = 0.0
            coef[np.ix_(penalty.places, np.flatnonzero(better))] = beta[:, better]
            for extra, part, gamma, place in zip(extras, parts, gammas, slices, strict=True):
                mine = better[place]
                extra[:, mine] = 0.0
                extra[np.ix_(part.extra_kept, np.flatnonzero(mine))] = gamma[:, mine]
        fitted, leverage = self.rows @ coef, np.zeros((1, len(means)))
        for job, extra, place in zip(jobs, extras, slices, strict=True):
            if job.extra is not None:
                fitted[:, place] += (job.extra - job.extra.mean(0)) @ extra
        if self.settled:
            leverage = np.empty_like(targets)
            for job, place in zip(jobs, slices, strict=True):
                for number in np.unique(chosen[place]):
                    mine = np.arange(place.start, place.stop)[chosen[place] == number]
                    leverage[:, mine] = self._leverage_of_own(int(number), job)[:, None]
            best = (((targets - fitted) / np.maximum(1 - leverage, LEAST_FREEDOM)) ** 2).mean(0)
        fits = []
        for job, extra, place in zip(jobs, extras, slices, strict=True):
            shift = means[place] - self.centre @ coef[:, place]
            if job.extra is not None:
                shift = shift - job.extra.mean(0) @ extra
            values = fitted[:, place] + means[place]
            leverages = np.broadcast_to(leverage[:, place], values.shape)
            fits.append(Fit(shift, coef[:, place], extra, values, leverages, best[place], chosen[place]))
        return fits

    def leverage(self, number: int, job: Job, rows: Values, extra: Values | None = None) -> Values:
        """Leverage that other rows would have under a penalty, of shape (n_rows,)."""
        penalty, (last, own) = self.penalties[number], self._last
        if last is not rows:
            own = {}
            self._last = rows, own
        own_rows = penalty.of_rows(rows - self.centre)
        if number not in own:
            # all units ask for the rows of a block in turn
            own[number] = ((own_rows @ penalty.inverse) * own_rows).sum(1)
        return self._of_job(number, job).leverage(own_rows, own[number], extra, self.n)

    def _leverage_of_own(self, number: int, job: Job) -> Values:
        penalty = self.penalties[number]
        rows = self._own_rows(penalty)
        return self._of_job(number, job).leverage(rows, self._own(penalty, rows), job.extra, self.n)

    def _own_rows(self, penalty: _Penalty) -> Values:
        return self.rows if len(penalty.places) == self.rows.shape[1] else self._straight

    def _gram_of(self, penalty: _Penalty) -> Values:
        places = penalty.places
        return self._gram if len(places) == len(self._gram) else self._gram[np.ix_(places, places)]

    def _own(self, penalty: _Penalty, rows: Values) -> Values:
        if penalty.leverages is None:
            penalty.leverages = ((rows @ penalty.inverse) * rows).sum(1)
        return penalty.leverages

    def _of_job(self, number: int, job: Job) -> _Reduced:
        penalty = self.penalties[number]
        return _Reduced(penalty, self._own_rows(penalty), job)


def positive_inverse(matrix: Values) -> Values:
    """Inverse of a symmetric positive definite matrix; the pseudo-inverse where rounding made it none."""
    if not len(matrix):
        return matrix
    factor, failed = lapack.dpotrf(matrix, lower=1)
    if not failed:
        half, failed = lapack.dpotri(factor, lower=1)
        if not failed:
            lower = np.tril(half)
            return np.asarray(lower + np.tril(lower, -1).T)
    return np.asarray(np.linalg.pinv(matrix, hermitian=True))
