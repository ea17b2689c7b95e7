"""How predictions move with each feature, in a form one can hold, print, draw and keep."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from weighin._base.checks import check_level, check_limit
from weighin._display import charts
from weighin._display.frame import frame
from weighin._display.telling import Telling
from weighin._results.base import Result
from weighin._results.effects_charts import ChartOptions
from weighin._results.effects_charts import curves as curves_of
from weighin._results.effects_numbers import EffectsNumbers
from weighin._results.effects_telling import tell
from weighin._results.effects_words import sentence


@dataclass(frozen=True, eq=False, repr=False)
class Effects(EffectsNumbers, Result):
    """How a model's predictions move with each feature.

    ``effects["age"]`` gives the curves of one feature.

    Attributes
    ----------
    effects : tuple of FeatureEffect
        One for each feature, in the model's order.
    output : str
        Which class or target is predicted; "" where the model has one output without a name.
    what : str
        What is predicted, in words: "the predicted margin", "the probability of yes".
    mean_prediction : float
        Mean prediction of the rows as they are.
    spread : float
        Distance between the 2.5% and the 97.5% quantile of these predictions.
    n_rows : int
        Rows averaged over.
    rows : str
        Which rows they were drawn from, in words.
    model : str
        Which model, in words.
    random_state : int
        Seed that gives these numbers again.
    simulated : bool
        True when the data were made up; every view says so.
    notes : tuple of str
        What a reader must know.
    versions : dict of str to str
        Versions of what computed it.
    date : str
        When, ISO 8601.

    Notes
    -----
    Columns of `to_frame`: feature, kind ("pd" partial dependence, or "ale" accumulated local effects), value (NaN for
    names and for missing), level (text of the value), effect, ci_lower, ci_upper, share (part of the rows nearest to
    this point). One row per point of each curve. Local effects have no level of their own: not centered, they lie
    around the mean prediction, with the interval of their shape.
    """

    _format = "weighin.effects"

    def tell(self, confidence_level: float = 0.95, limit: int = 5) -> Telling:
        check_level(confidence_level)
        check_limit(limit)
        return tell(self, confidence_level, limit)

    def sentence(self, feature: str) -> str:
        """Say which way predictions go with a feature.

        Parameters
        ----------
        feature : str
            One of `features`.

        Raises
        ------
        InputError
            On an unknown feature.
        """
        return sentence(self[feature], self.what)

    def to_frame(
        self, confidence_level: float = 0.95, *, centered: bool = False, backend: str | None = None
    ) -> Any:
        """Give one row per point of each curve, exact and unrounded.

        Parameters
        ----------
        confidence_level : float
            Of the intervals, one point at a time, between 0 and 1.
        centered : bool
            Subtract each curve's mean over the rows: how far predictions move, instead of where they are. The interval
            then leaves out what all points have in common, and shows how sure the shape is.
        backend : {"pandas", "polars", "pyarrow"}, optional
            The library of the frame; by default the first of them that is installed, without any a dict of lists.

        Returns
        -------
        data frame
            The columns are described at the class.

        Raises
        ------
        InputError
            On another `backend`, or a `confidence_level` that is not between 0 and 1.
        MissingDependencyError
            If `backend` is not installed.
        """
        return frame(self._columns(confidence_level, centered=centered), backend)

    def plot(
        self,
        features: Iterable[str] | None = None,
        *,
        centered: bool = False,
        limit: int = 12,
        curves: bool = True,
        ax: Any = None,
        confidence_level: float = 0.95,
    ) -> Any:
        """Draw the curves of features, all on one scale.

        Mean curve with its interval, accumulated local effects dashed, single rows thin behind; dots with whiskers
        for levels without an order.

        Parameters
        ----------
        features : iterable of str, optional
            Which, in which order; by default those that move predictions most, first.
        centered : bool
            How far predictions move, instead of where they are.
        limit : int
            At most so many.
        curves : bool
            Whether to draw single rows.
        ax : matplotlib Axes, or several of them, optional
            Where to draw, one for each feature; a new figure by default. It is never shown.
        confidence_level : float
            Of intervals and arrows, between 0 and 1.

        Returns
        -------
        ndarray of matplotlib Axes
            One for each feature drawn.

        Raises
        ------
        InputError
            On an unknown feature, or another number of Axes than of features.
        """
        return charts.draw(
            curves_of(self.at(confidence_level), ChartOptions(features, centered, limit, curves)), ax
        )

    def draw_on(self, figure: Any) -> Any:
        """Draw the curves of the features that move predictions most on a Figure of your own.

        Parameters
        ----------
        figure : matplotlib Figure
            Without Axes.

        Returns
        -------
        ndarray of matplotlib Axes
        """
        return charts.draw(curves_of(self, ChartOptions()), figure=figure)

    def _columns(self, confidence_level: float, *, centered: bool = False) -> dict[str, Any]:
        check_level(confidence_level)
        names = ("feature", "kind", "value", "level", "effect", "ci_lower", "ci_upper", "share")
        columns: dict[str, list[Any]] = {name: [] for name in names}
        for effect in self.effects:
            for kind, curve in effect.mean_curves(self.mean_prediction, centered=centered).items():
                lower, upper = curve.interval(confidence_level)
                for i, height in enumerate(curve.effect):
                    there = i < effect.n_points
                    value = float(effect.values[i]) if there and effect.kind == "numeric" else math.nan
                    level = effect.labels[i] if there else "missing"
                    share = effect.shares[i] * (1 - effect.missing_share) if there else effect.missing_share
                    numbers = map(float, (height, lower[i], upper[i], share))
                    row = (effect.feature, kind, value, level, *numbers)
                    for name, cell in zip(columns, row, strict=True):
                        columns[name].append(cell)
        return columns
