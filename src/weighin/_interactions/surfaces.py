"""Small surfaces of the strongest pairs: what is predicted for values of both, and how one depends on the other."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from weighin._inference import holm
from weighin._inference.intervals import FEW_ROWS
from weighin._results.surface import Dependence, Kind, Surface, SurfaceAxis
from weighin._tables.grid import Grid

# of one false claim or more, among all that surfaces are looked at for
CHANCE = 0.05
# of the surface's range: an effect that goes the other way by less does not turn
COUNTER = 0.1
# of the larger of two effects: a smaller difference is not worth a sentence
LEAST = 0.05

Floats = NDArray[np.float64]
Tested = tuple[Dependence, float]


@dataclass(frozen=True, eq=False)
class SurfaceOfRows:
    """A surface, while it is known how much each row moves it.

    `surface`: Nothing is claimed of it yet.
    `grids`: Values of both features.
    `influence`, ndarray of shape (n_values_of_first, n_values_of_second, n_rows): What each row moves: sums of products
        over the rows are covariances of the means.
    """

    surface: Surface
    grids: tuple[Grid, Grid]
    influence: Floats

    @classmethod
    def of(
        cls,
        axes: tuple[SurfaceAxis, SurfaceAxis],
        grids: tuple[Grid, Grid],
        predicted: Floats,
        mean: float,
        what: str,
    ) -> SurfaceOfRows:
        """Average over the rows; `predicted` is of shape (n_values_of_first, n_values_of_second, n_rows)."""
        n = predicted.shape[-1]
        values = predicted.mean(-1)
        influence = (predicted - values[..., None]) / np.sqrt(n * (n - 1))
        se = np.sqrt(np.square(influence).sum(-1))
        return cls(Surface(axes, values, se, mean, what, n), grids, influence)

    def tested(self) -> Iterator[Tested]:
        """All that might be said, each with its p-value."""
        if self.surface.n_rows >= FEW_ROWS and min(self.surface.values.shape) > 1:
            for feature in (0, 1):
                yield from self._tested(feature)

    def _tested(self, feature: int) -> Iterator[Tested]:
        grid, df = self.grids[feature], self.surface.n_rows - 1
        # values of the feature come first
        values = self.surface.values if not feature else self.surface.values.T
        influence = self.influence if not feature else self.influence.swapaxes(0, 1)
        places = list(itertools.combinations(range(values.shape[1]), 2))
        shares = grid.shares / grid.shares.sum()
        around = values - shares @ values
        size = np.sqrt(shares @ np.square(around))
        along = np.einsum("a,ab,abi->bi", shares, around, influence)
        # an effect that is nowhere has no error
        of_size = along / np.where(size > 0, size, np.inf)[:, None]
        for pair in places:
            more, less = sorted(pair, key=lambda place: -size[place])
            if size[more] - size[less] < LEAST * size[more]:
                continue
            apart, se = size[more] - size[less], _length(of_size[more] - of_size[less])
            p = _two_sided(apart, se, df)
            yield _dependence("grows", feature, (more, less), size, apart, se, df), p
        if grid.kind == "nominal":
            return
        rise, of_rise = values[-1] - values[0], influence[-1] - influence[0]
        least = COUNTER * np.ptp(self.surface.values)
        for pair in places:
            up, down = sorted(pair, key=lambda place: -rise[place])
            if rise[up] > least and rise[down] < -least:
                p = max(_two_sided(rise[place], _length(of_rise[place]), df) for place in pair)
                apart, se = rise[up] - rise[down], _length(of_rise[up] - of_rise[down])
                yield _dependence("turns", feature, (up, down), rise, apart, se, df), p


def claimed(surfaces: Sequence[SurfaceOfRows]) -> tuple[Surface, ...]:
    """Say of each surface the most that its rows support, given all that is looked at (Holm 1979)."""
    tested = [list(surface.tested()) for surface in surfaces]
    adjusted = iter(holm(np.array([p for looks in tested for _, p in looks])))
    result = []
    for surface, looks in zip(surfaces, tested, strict=True):
        sure = [found for found, _ in looks if next(adjusted) < CHANCE]
        sure.sort(key=lambda found: (found.kind == "turns", found.difference), reverse=True)
        result.append(replace(surface.surface, dependence=sure[0] if sure else None))
    return tuple(result)


def _dependence(
    kind: Kind, feature: int, places: tuple[int, int], effects: Floats, apart: float, se: float, df: int
) -> Dependence:
    reach = float(stdtrit(df, 0.975)) * se
    first, second = (float(effects[place]) for place in places)
    return Dependence(kind, feature, places, (first, second), float(apart), apart - reach, apart + reach)


def _length(influence: Floats) -> float:
    return float(np.sqrt(np.square(influence).sum()))


def _two_sided(value: float, se: float, df: int) -> float:
    # where all rows say the same, chance has no part in it
    return float(2 * stdtr(df, -abs(value) / se)) if se > 0 else 0.0
