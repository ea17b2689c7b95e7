"""How predictions move with each feature, in a form one can hold, print and draw."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError, listing, nearest
from weighin._base.optional import require
from weighin._base.text import printable
from weighin._results.effect import FeatureEffect

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class Effects:
    """How a model's predictions move with each feature.

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
        Distance between the 2.5 % and the 97.5 % quantile of these predictions.
    n_rows : int
        Rows averaged over.
    rows : str
        Which rows they were drawn from, in words.
    model : str
        Which model, in words.
    random_state : int
        Seed that gives these numbers again.
    notes : tuple of str
        What a reader must know.
    """

    effects: tuple[FeatureEffect, ...]
    output: str
    what: str
    mean_prediction: float
    spread: float
    n_rows: int
    rows: str = ""
    model: str = ""
    random_state: int = 0
    notes: tuple[str, ...] = field(default=())

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features, in the model's order."""
        return tuple(effect.feature for effect in self.effects)

    @property
    def direction(self) -> Mapping[str, str]:
        """Which way predictions go as a feature grows.

        "rises", "falls", "peaks", "dips", "mixed", "none", or "differs" between levels without an order. "none" where
        the mean curve moves by less than 5% of `spread`; moves below 15% of its range, or that chance explains, do
        not count.
        """
        return MappingProxyType({effect.feature: effect.direction for effect in self.effects})

    @property
    def arrows(self) -> Mapping[str, str]:
        """The direction of each feature as one character."""
        return MappingProxyType({effect.feature: effect.arrow for effect in self.effects})

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
        return self._find(feature).told(self.what)

    def level_order(self, feature: str) -> tuple[str, ...]:
        """Give the points of a feature from the highest mean prediction to the lowest.

        Parameters
        ----------
        feature : str
            One of `features`.

        Raises
        ------
        InputError
            On an unknown feature.
        """
        effect = self._find(feature)
        order = np.argsort(-effect.pd.effect[: effect.n_points], kind="stable")
        return tuple(effect.labels[i] for i in order)

    def curves(self, feature: str, *, centered: bool = False) -> NDArray[np.float64]:
        """Give predictions of single rows as a feature moves (individual conditional expectation).

        Parameters
        ----------
        feature : str
            One of `features`.
        centered : bool
            Subtract each row's mean over the points, weighted by the rows there.

        Returns
        -------
        ndarray of shape (n_curves, n_points)
            The same points as the feature's "pd" in `to_frame`, the one for missing values last.

        Raises
        ------
        InputError
            On an unknown feature.
        """
        return self._find(feature).single_rows(centered)

    def to_frame(self, confidence_level: float = 0.95, *, centered: bool = False) -> pd.DataFrame:
        """Give one row per point of each curve.

        Parameters
        ----------
        confidence_level : float
            Of the intervals, one point at a time, between 0 and 1.
        centered : bool
            Subtract each curve's mean over the rows: how far predictions move, instead of where they are. The interval
            then leaves out what all points have in common, and tells how sure the shape is.

        Returns
        -------
        pandas.DataFrame
            Columns: feature, kind ("pd" or "ale"), value (NaN for names and for missing), level (text of the value),
            effect, ci_lower, ci_upper, share (part of the rows nearest to this point). Local effects have no level of
            their own: not centered, they lie around the mean prediction, with the interval of their shape.

        Raises
        ------
        InputError
            If `confidence_level` is not between 0 and 1.
        MissingDependencyError
            Without pandas.
        """
        _check_level(confidence_level)
        pandas = require("pandas", "fastai", "give a data frame")
        columns: dict[str, list[Any]] = {
            name: []
            for name in ("feature", "kind", "value", "level", "effect", "ci_lower", "ci_upper", "share")
        }
        for effect in self.effects:
            for kind, curve in effect.both(centered, self.mean_prediction):
                lower, upper = curve.interval(confidence_level)
                for i, value in enumerate(curve.effect):
                    there = i < effect.n_points
                    number = effect.values[i] if there and effect.kind == "numeric" else math.nan
                    level = effect.labels[i] if there else "missing"
                    share = effect.shares[i] * (1 - effect.missing_share) if there else effect.missing_share
                    row = (effect.feature, kind, number, level, value, lower[i], upper[i], share)
                    for name, cell in zip(columns, row, strict=True):
                        columns[name].append(cell)
        return pandas.DataFrame(columns)

    def plot(
        self,
        features: Iterable[str] | None = None,
        *,
        centered: bool = False,
        limit: int = 12,
        curves: bool = True,
        ax: Any = None,
    ) -> Any:
        """Draw the curves of features, all on one scale.

        Mean curve with its 95% interval, accumulated local effects dashed, single rows thin behind; dots with whiskers
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

        Returns
        -------
        ndarray of matplotlib Axes
            One for each feature drawn.

        Raises
        ------
        InputError
            On an unknown feature, or another number of Axes than of features.
        """
        from weighin._display.charts.curves import panels

        if limit < 1:
            raise InputError(f"limit must be an integer >= 1, got {limit!r}.")
        if isinstance(features, str):
            raise InputError(
                f"features must be a list of names, got the text {features!r}; write [{features!r}]."
            )
        if features is None:
            shown = sorted(self.effects, key=lambda effect: -effect.reach)[:limit]
        else:
            shown = [self._find(name) for name in features][:limit]
        if not shown:
            raise InputError("Nothing to draw: features is empty.")
        drawn = [effect.panel(centered, self.mean_prediction, with_curves=curves) for effect in shown]
        axis = f"change of {self.what}" if centered else self.what
        return panels(drawn, ylabel=axis[:1].upper() + axis[1:], axes=ax)

    def to_dict(self, confidence_level: float = 0.95, *, centered: bool = False) -> dict[str, Any]:
        """Give plain lists and texts, for a page or for JSON; numbers that are not finite are None.

        Parameters
        ----------
        confidence_level : float
            Of the intervals.
        centered : bool
            As for `to_frame`.

        Returns
        -------
        dict
            ``output``, ``mean_prediction``, ``spread``, ``n_rows``, ``confidence_level``, ``notes``, and ``features``:
            a list of dicts in the model's order with ``feature``, ``kind`` ("numeric", or "levels" for names and
            dates), ``ordered``, ``grid`` (numbers or names), ``shares``, ``mean``, ``lower``, ``upper``, ``ale``,
            ``ale_lower``, ``ale_upper`` (None where not defined), ``curves`` (lists over ``grid``), ``missing`` (None
            or {share, mean, lower, upper}), ``direction``, ``arrow``, ``range``, ``sentence`` (names between
            backticks) and ``note``.
        """
        _check_level(confidence_level)
        return {
            "output": self.output,
            "mean_prediction": self.mean_prediction,
            "spread": self.spread,
            "n_rows": self.n_rows,
            "confidence_level": confidence_level,
            "notes": list(self.notes),
            "features": [
                effect.as_dict(confidence_level, centered, self.mean_prediction, self.what)
                for effect in self.effects
            ],
        }

    def summary(self) -> str:
        """Say what moves predictions, in lines of text, the largest effect first.

        Returns
        -------
        str
        """
        return "\n".join(
            f"{effect.arrow} {effect.told(self.what, printable)}{effect.aside}"
            for effect in sorted(self.effects, key=lambda effect: -effect.reach)
        )

    def __str__(self) -> str:
        head = (
            f"Effects on {self.what}: {self.mean_prediction:.4g} on average, spread over {self.spread:.4g}; "
            f"{self.n_rows:,} rows, seed {self.random_state}."
        )
        return "\n".join([printable(head), self.summary(), *map(printable, self.notes)])

    __repr__ = __str__

    def _find(self, feature: str) -> FeatureEffect:
        for effect in self.effects:
            if effect.feature == feature:
                return effect
        raise InputError(
            f"Unknown feature {feature!r}.{nearest(feature, self.features)} Features: {listing(self.features, 40)}."
        )


def _check_level(confidence_level: float) -> None:
    if not 0 < confidence_level < 1:
        raise InputError(f"confidence_level must be between 0 and 1, got {confidence_level!r}.")
