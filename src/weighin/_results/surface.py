"""What a model predicts for values of two features, and how the effect of one depends on the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from weighin._base.text import printable
from weighin._display.numbers import rounded, write
from weighin._results.curves import read_only

# how the effect of one feature depends on another
Kind = Literal["turns", "grows"]


@dataclass(frozen=True, eq=False)
class SurfaceAxis:
    """The values that a feature is moved to.

    Attributes
    ----------
    feature : str
        Which one.
    labels : tuple of str
        The values, written.
    ordered : bool
        Whether their order means anything.
    """

    feature: str
    labels: tuple[str, ...]
    ordered: bool

    def where(self, place: int) -> str:
        """Say where the feature has one of its values: "spread is low (-14)"."""
        name, label = printable(self.feature), printable(self.labels[place])
        if self.ordered and len(self.labels) > 2 and place in (0, len(self.labels) - 1):
            return f"{name} is {'high' if place else 'low'} ({label})"
        return f"{name} is near {label}" if self.ordered and len(self.labels) > 2 else f"{name} is {label}"


@dataclass(frozen=True)
class Dependence:
    """How the effect of one feature depends on the value of another, where the rows support saying so.

    Attributes
    ----------
    kind : {"turns", "grows"}
        Whether predictions rise with the feature in one place and fall in another, or move more in one than in the
        other.
    feature : int
        Which of the two it is: 0 or 1.
    places : (int, int)
        Of the other feature's values: where the effect is largest, and where it is smallest, or goes the other way.
    effects : (float, float)
        There: from the lowest to the highest value of the feature ("turns"), or the standard deviation over its values
        ("grows").
    difference, ci_lower, ci_upper : float
        The first effect less the second, with its 95% interval.
    """

    kind: Kind
    feature: int
    places: tuple[int, int]
    effects: tuple[float, float]
    difference: float
    ci_lower: float
    ci_upper: float


@dataclass(frozen=True, eq=False)
class Surface:
    """Mean prediction with all rows moved to values of two features (partial dependence).

    Attributes
    ----------
    axes : (SurfaceAxis, SurfaceAxis)
        The two.
    values, se : ndarray of shape (n_values_of_first, n_values_of_second)
        Mean predictions, and their standard errors.
    mean : float
        Mean prediction of the rows as they are.
    what : str
        What is predicted, in words.
    n_rows : int
        Rows averaged over.
    dependence : Dependence or None
        How one effect depends on the other feature; None where the rows do not support saying so.
    """

    axes: tuple[SurfaceAxis, SurfaceAxis]
    values: NDArray[np.float64]
    se: NDArray[np.float64]
    mean: float
    what: str
    n_rows: int
    dependence: Dependence | None = None

    def __post_init__(self) -> None:
        for name in ("values", "se"):
            object.__setattr__(self, name, read_only(getattr(self, name)))

    @property
    def features(self) -> tuple[str, str]:
        """Names of the two."""
        return self.axes[0].feature, self.axes[1].feature

    @property
    def sentence(self) -> str:
        """Say how one effect depends on the other feature."""
        found = self.dependence
        one, other = map(printable, self.features)
        if found is None:
            return f"How the effect of {one} depends on {other} cannot be told from {self.n_rows:,} rows."
        moved, at = self.axes[found.feature], self.axes[1 - found.feature]
        name, (first, second) = printable(moved.feature), map(at.where, found.places)
        apart = rounded(found.difference, found.ci_lower, found.ci_upper)
        # without an interval where all rows say the same
        sure = "" if apart.low == apart.high else f"; 95% interval of the difference {apart.interval}"
        if found.kind == "turns":
            up, down = (write(abs(effect)) for effect in found.effects)
            rises = f"Where {first}, {self.what} rises with {name} (by {up})"
            return f"{rises}; where {second}, it falls (by {down}){sure}."
        more, less = map(write, found.effects)
        return (
            f"{name} matters more where {first} than where {second}: over its values {self.what} varies by {more} "
            f"there, by {less} here (standard deviations){sure}."
        )
