"""The curves of one feature, and the forms they are shown in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.text import ARROWS
from weighin._results.curves import Curve, around_mean
from weighin._results.direction import small
from weighin._results.effects_words import Name, number, sentence


@dataclass(frozen=True, eq=False)
class FeatureEffect:
    """The curves of one feature.

    Attributes
    ----------
    feature : str
    kind : {"numeric", "ordered", "nominal"}
    values : ndarray of shape (n_points,)
        Numbers, or places of levels.
    labels : tuple of str
        Of the points.
    shares : ndarray of shape (n_points,)
        Part of the rows nearest to each point.
    missing_share : float
        Part of all rows without a value; above 0 the last point of `pd` and of `curves` is for them.
    left_out : int
        Levels that were too many.
    pd : Curve
        Partial dependence.
    pd_centered : Curve
        The same around its mean over the rows.
    ale : Curve or None
        Accumulated local effects, with mean 0.
    no_ale : str
        Why there are none.
    curves : ndarray of shape (n_curves, n_points)
        Predictions of single rows.
    direction, direction_ale : str
        The way each of the two curves goes; "" without one.
    spread : float
        Distance between the 2.5 % and the 97.5 % quantile of the predictions.
    dates : bool
        Whether the numbers are dates, in seconds.
    """

    feature: str
    kind: str
    values: NDArray[np.float64]
    labels: tuple[str, ...]
    shares: NDArray[np.float64]
    missing_share: float
    left_out: int
    pd: Curve
    pd_centered: Curve
    ale: Curve | None
    no_ale: str
    curves: NDArray[np.float64]
    direction: str
    direction_ale: str
    spread: float
    dates: bool = False

    @property
    def n_points(self) -> int:
        """Points with a value."""
        return len(self.values)

    @property
    def reach(self) -> float:
        """From the lowest to the highest point of the mean curve."""
        return float(np.ptp(self.pd.effect[: self.n_points])) if self.n_points else 0.0

    @property
    def arrow(self) -> str:
        """The direction as one character."""
        return ARROWS[self.direction]

    @property
    def aside(self) -> str:
        """What else must be known."""
        asides = ""
        flat = self.ale is not None and small(self.ale.effect, self.spread)
        sure = self.direction_ale not in ("", "none") or flat  # not: too noisy to tell
        if sure and self.direction_ale != self.direction:
            asides += f" Among rows as they occur (accumulated local effects): {self.direction_ale}."
        if self.missing_share:
            asides += f" Where it is missing: {number(float(self.pd.effect[-1]))}."
        if self.left_out:
            asides += f" {self.left_out:,} rarer levels are left out."
        return asides

    def told(self, what: str, name: Name = str) -> str:
        """The direction of `what` is predicted in a sentence."""
        labels = [number(value) for value in self.values] if self.in_numbers else self.labels
        average = self.pd.effect[: self.n_points]
        way = self.direction
        if way == "none" and self.n_points and not small(average, self.spread):
            way = "chance"
        return sentence(self.feature, way, average, labels, what, name)

    def single_rows(self, centered: bool) -> NDArray[np.float64]:
        """Predictions of single rows, or how far they are from each row's mean over the points."""
        return (around_mean(self.curves.T, self.shares).T if centered else self.curves).copy()

    def both(self, centered: bool, mean_prediction: float) -> list[tuple[str, Curve]]:
        """The curves there are: "pd", and "ale" around the mean prediction unless centered."""
        average = self.pd_centered if centered else self.pd
        if self.ale is None:
            return [("pd", average)]
        return [("pd", average), ("ale", self.ale if centered else self.ale.shifted(mean_prediction))]

    def panel(self, centered: bool, mean_prediction: float, *, with_curves: bool) -> dict[str, Any]:
        """Everything a chart takes, as plain arrays; see `_draw.panels`."""
        found = dict(self.both(centered, mean_prediction))
        k = self.n_points
        return {
            "title": f"{self.feature}  {self.arrow}",
            "kind": self.kind,
            "dates": self.dates,
            "values": self.values,
            "labels": [*self.labels, *(["missing"] if self.missing_share else [])],
            "mean": found["pd"].effect,
            "interval": found["pd"].interval(0.95),
            "ale": found["ale"].effect if "ale" in found else None,
            "curves": self.single_rows(centered)[:, :k] if with_curves else np.empty((0, k)),
        }

    def as_dict(
        self, confidence_level: float, centered: bool, mean_prediction: float, what: str
    ) -> dict[str, Any]:
        """Plain lists and texts; see `Effects.to_dict`."""
        found = dict(self.both(centered, mean_prediction))
        k, average, local = self.n_points, found["pd"], found.get("ale")
        lower, upper = average.interval(confidence_level)
        ale_lower, ale_upper = local.interval(confidence_level) if local else (None, None)
        missing = {
            "share": self.missing_share,
            "mean": average.effect[-1],
            "lower": lower[-1],
            "upper": upper[-1],
        }
        return {
            "feature": self.feature,
            "kind": "numeric" if self.in_numbers else "levels",
            "ordered": self.kind != "nominal",
            "grid": plain(self.values) if self.in_numbers else list(self.labels),
            "shares": plain(self.shares),
            "mean": plain(average.effect[:k]),
            "lower": plain(lower[:k]),
            "upper": plain(upper[:k]),
            "ale": plain(local.effect) if local else None,
            "ale_lower": plain(ale_lower) if local else None,
            "ale_upper": plain(ale_upper) if local else None,
            "curves": plain(self.single_rows(centered)[:, :k]),
            "missing": {key: plain(value) for key, value in missing.items()} if self.missing_share else None,
            "direction": self.direction,
            "arrow": self.arrow,
            "range": plain(self.reach),
            "sentence": self.told(what, lambda text: f"`{text}`" if text == self.feature else text),
            "note": self.aside.strip(),
        }

    @property
    def in_numbers(self) -> bool:
        """Whether the points are plain numbers: no names, no dates."""
        return self.kind == "numeric" and not self.dates


def plain(values: Any) -> Any:
    """Lists of numbers, None for those that are not finite."""
    if np.ndim(values):
        return [plain(value) for value in values]
    return float(values) if np.isfinite(values) else None
