"""Rows moved to values of two features at once, and what the model predicts for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._engine import Resources, Session
from weighin._interactions.scale import Measured
from weighin._interactions.surfaces import SurfaceOfRows
from weighin._models import declared
from weighin._models.chosen_output import described, output_names
from weighin._models.protocol import Encoded
from weighin._results.effects_words import number
from weighin._results.surface import SurfaceAxis
from weighin._tables.columns import Column
from weighin._tables.features import Feature
from weighin._tables.grid import Grid, choose_grid

# values of each feature, and rows averaged over
GRID, ROWS = 8, 1000
ONE_BY_ONE = "surfaces move single rows"


@dataclass(frozen=True)
class Moving:
    """What surfaces of one model share.

    `session`, `data`, `measured`: the model, its encoded table, and the scale of predictions.
    `own`: features by their columns, with the names the model gave them.
    `table`: what was encoded.
    `seed`: of the rows drawn.
    `resources`: what may be used.
    """

    session: Session
    data: Encoded
    measured: Measured
    own: Mapping[tuple[int, ...], Feature]
    table: Any
    seed: int
    resources: Resources

    @property
    def work(self) -> int:
        """Predictions of one surface, at most."""
        return GRID**2 * min(ROWS, self.data.rows.n_rows)

    def surface(self, pair: tuple[Feature, Feature], advance: Callable[[int], None]) -> SurfaceOfRows | None:
        """Predict rows drawn at random at all values of two features; None where one has a single value."""
        model, rows = self.session.model, self.data.rows
        own = [self.own[feature.columns] for feature in pair]
        columns = model.raw_columns(self.data, own, self.table, GRID)
        grids = (choose_grid(columns[0], GRID), choose_grid(columns[1], GRID))
        n_first, n_second = (grid.n_points for grid in grids)
        if min(n_first, n_second) < 2:
            return None
        drawn = np.random.default_rng([self.seed, 2]).permutation(rows.n_rows)[:ROWS]
        first = np.repeat(grids[0].givers[:n_first], n_second)
        second = np.tile(grids[1].givers[:n_second], n_first)
        stack = rows.take(np.concatenate([drawn, first]))
        stack.replace(pair[1].columns, rows, rows.index(np.concatenate([drawn, second])))
        n = len(drawn)

        def use(before: NDArray[Any], after: NDArray[Any]) -> SurfaceOfRows:
            predicted = after.astype(np.float64).reshape(n_first, n_second, n, -1)
            place = _most_together(predicted)
            axes = tuple(
                SurfaceAxis(feature.name, _labels(column, grid), grid.kind != "nominal")
                for feature, column, grid in zip(pair, columns, grids, strict=True)
            )
            mean = float(before[:, place].mean())
            return SurfaceOfRows.of(
                (axes[0], axes[1]), grids, predicted[..., place], mean, self._what(place, after.shape[-1])
            )

        both = Feature(" and ".join(feature.name for feature in pair), pair[0].columns + pair[1].columns)
        (result,), _ = self.session.predict_given(
            stack,
            [(both, np.arange(n, n + len(first)))],
            use,
            n_receivers=n,
            table=(rows, drawn),
            response=self.measured.response,
            scale=self.measured.scale,
            resources=self.resources,
            advance=advance,
        )
        return result

    def _what(self, place: int, width: int) -> str:
        """Name the output at a place, in words."""
        names, kind = output_names(declared(self.session.model, self.measured.response), width)
        name, what = names[place], self.measured.what
        if kind == "vote" or what == "the prediction":
            return described(name, kind)
        what = {"the probabilities": "the probability", "the logits": "the logit"}.get(what, what)
        return f"{what} of {name}" if name else what


def _most_together(predicted: NDArray[np.float64]) -> int:
    """The output whose surface is furthest from a sum."""
    mean = predicted.mean(2)
    apart = mean - mean.mean(0) - mean.mean(1)[:, None] + mean.mean((0, 1))
    strength = np.square(apart).sum((0, 1))
    # of two classes, whose scores mirror each other, the second, as everywhere
    return len(strength) - 1 - int(strength[::-1].round(12).argmax())


def _labels(column: Column, grid: Grid) -> tuple[str, ...]:
    if column.kind != "numeric":
        return grid.labels
    return tuple(number(value) for value in grid.values)
