"""What a metric is of the mean loss per row: that mean itself, its root, its exponential, R2; one object each.

A link knows the metric of a mean loss, what a swap changes of it and the derivatives of both, so that nothing else has
to tell links apart. A new one is a class here and an entry in `LINKS`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Means:
    """Weighted means that estimates are functions of.

    `change`, ndarray of shape (n_units,): Mean change of the loss.
    `rows`, ndarray of shape (n_row_components,): Mean of each row component; the first is the loss before any swap.
    """

    change: Floats
    rows: Floats


# value (n_units,), its derivative in the change (n_units,), and in the row components (n_units, n_row_components)
Function = Callable[[Means], tuple[Floats, Floats, Floats]]


@dataclass(frozen=True)
class Link(ABC):
    """What a metric is of the mean loss per row.

    `name`: In files.
    `is_mean`: Whether it is the mean itself: then the mean over shuffles of what each changed is the estimate.
    `knows_baseline`: Whether the metric before any swap is a function of the same means: then an interval in parts of
        the baseline takes into account what the baseline errs.
    `needs_spread`: Whether there is a second row component, the squared distance of the target from its mean.
    """

    name: ClassVar[str]
    is_mean: ClassVar[bool] = False
    knows_baseline: ClassVar[bool] = True
    needs_spread: ClassVar[bool] = False

    @abstractmethod
    def value(self, loss: Floats, spread: float = np.nan) -> Floats:
        """The metric, of a mean loss and of the mean of the second row component."""

    @abstractmethod
    def inverse(self, value: Floats, spread: float = np.nan) -> Floats:
        """The mean loss of which it is the metric."""

    @abstractmethod
    def change(self, means: Means) -> tuple[Floats, Floats, Floats]:
        """The metric after each swap minus that before, with derivatives: a `Function`."""

    @abstractmethod
    def baseline(self, rows: Floats) -> tuple[float, Floats]:
        """The metric before any swap, and its derivatives in the means of the row components."""

    def relative(self, means: Means) -> tuple[Floats, Floats, Floats]:
        """The change in parts of the size of the baseline, NaN where that is 0: a `Function`."""
        value, by_change, by_rows = self.change(means)
        base, slopes = self.baseline(means.rows)
        size = abs(base) or np.nan
        return (
            value / size,
            by_change / size,
            by_rows / size - np.outer(value * np.sign(base) / size**2, slopes),
        )

    def values_per_row(self, losses: Floats, value: float) -> Floats | None:
        """Values whose mean is the metric and which are linear in the losses; None where that is not known here."""
        return None

    def __str__(self) -> str:
        return self.name


class Identity(Link):
    """The mean loss itself."""

    name = "identity"
    is_mean = True

    def value(self, loss: Floats, spread: float = np.nan) -> Floats:
        """The mean loss."""
        return loss

    def inverse(self, value: Floats, spread: float = np.nan) -> Floats:
        """The metric."""
        return value

    def change(self, means: Means) -> tuple[Floats, Floats, Floats]:
        """The mean change."""
        return means.change, np.ones_like(means.change), _zeros(means)

    def baseline(self, rows: Floats) -> tuple[float, Floats]:
        """The mean loss before any swap."""
        return rows[0], _slopes(rows, 1.0)

    def values_per_row(self, losses: Floats, value: float) -> Floats | None:
        """The losses."""
        return losses


class Pooled(Identity):
    """The mean of values that stand for a metric of all rows, or that weigh differently in each shuffle."""

    name = "pooled"
    is_mean = False
    knows_baseline = False


class Root(Link):
    """The root of the mean loss: RMSE from squared errors."""

    name = "root"

    def value(self, loss: Floats, spread: float = np.nan) -> Floats:
        """The root; that of 0 for less."""
        return np.asarray(np.sqrt(np.maximum(0.0, loss)))

    def inverse(self, value: Floats, spread: float = np.nan) -> Floats:
        """The square."""
        return np.asarray(value) ** 2

    def change(self, means: Means) -> tuple[Floats, Floats, Floats]:
        """The root after minus the root before."""
        by_rows = _zeros(means)
        before = float(np.sqrt(max(0.0, means.rows[0])))
        after = np.sqrt(np.maximum(0.0, means.rows[0] + means.change))
        slope = np.divide(0.5, after, out=np.zeros_like(after), where=after > 0)
        by_rows[:, 0] = slope - (0.5 / before if before else 0.0)
        return after - before, slope, by_rows

    def baseline(self, rows: Floats) -> tuple[float, Floats]:
        """The root before any swap."""
        before = float(np.sqrt(max(0.0, rows[0])))
        return before, _slopes(rows, 0.5 / before if before else 0.0)

    def values_per_row(self, losses: Floats, value: float) -> Floats | None:
        """Linear in how far each loss is from their mean."""
        return value + (losses - losses.mean()) / (2 * value) if value else losses


class Exponential(Link):
    """The exponential of the mean loss: perplexity from log losses."""

    name = "exp"

    def value(self, loss: Floats, spread: float = np.nan) -> Floats:
        """The exponential."""
        return np.asarray(np.exp(loss))

    def inverse(self, value: Floats, spread: float = np.nan) -> Floats:
        """The logarithm."""
        return np.asarray(np.log(value))

    def change(self, means: Means) -> tuple[Floats, Floats, Floats]:
        """The exponential after minus that before."""
        by_rows = _zeros(means)
        before, after = np.exp(means.rows[0]), np.exp(means.rows[0] + means.change)
        by_rows[:, 0] = after - before
        return after - before, after, by_rows

    def baseline(self, rows: Floats) -> tuple[float, Floats]:
        """The exponential before any swap."""
        return float(np.exp(rows[0])), _slopes(rows, np.exp(rows[0]))


class R2(Link):
    """1 minus the share of the mean squared error in the target's variance, row component 1.

    The mean of the target may be taken as known: the derivative in it is 0.
    """

    name = "r2"
    needs_spread = True

    def value(self, loss: Floats, spread: float = np.nan) -> Floats:
        """R2; NaN where the target does not vary."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(1 - loss / spread if spread else np.full(np.shape(loss), np.nan))

    def inverse(self, value: Floats, spread: float = np.nan) -> Floats:
        """The mean squared error."""
        return np.asarray((1 - np.asarray(value)) * spread)

    def change(self, means: Means) -> tuple[Floats, Floats, Floats]:
        """R2 after minus R2 before."""
        by_rows = _zeros(means)
        variance = means.rows[1] if means.rows[1] else np.nan
        by_rows[:, 1] = means.change / variance**2
        return -(means.change / variance), -(np.ones_like(means.change) / variance), by_rows

    def baseline(self, rows: Floats) -> tuple[float, Floats]:
        """R2 before any swap."""
        variance = rows[1] if rows[1] else np.nan
        return 1 - rows[0] / variance, _slopes(rows, -1 / variance, rows[0] / variance**2)


IDENTITY, POOLED, ROOT, EXPONENTIAL, R_SQUARED = Identity(), Pooled(), Root(), Exponential(), R2()
LINKS: Mapping[str, Link] = {link.name: link for link in (IDENTITY, POOLED, ROOT, EXPONENTIAL, R_SQUARED)}


def _zeros(means: Means) -> Floats:
    return np.zeros((len(means.change), len(means.rows)))


def _slopes(rows: Floats, *first: float) -> Floats:
    return np.array([*first, *np.zeros(len(rows) - len(first))])
