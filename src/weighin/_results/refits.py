"""What features weigh over several fits of one way of training."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.text import printable
from weighin._display import charts
from weighin._display.numbers import rounded, write
from weighin._display.telling import Bar, Column, Row, Table, Telling
from weighin._inference import check_level, holm
from weighin._inference.refits import Spread
from weighin._results.base import Result, check_limit

TITLE = "What models trained so weigh"


@dataclass(frozen=True, eq=False, repr=False)
class Refits(Result):
    """How much each feature weighs for a way of training, over several fits; made by `weigh_refits`.

    Attributes
    ----------
    features : tuple of str
        Features and groups, in the model's order.
    importances : ndarray of shape (n_features, n_fits)
        How much worse the metric got by shuffling, in each fit that worked. Positive means worse.
    one_model : ndarray of shape (n_features, 3)
        Importance in the first of these fits, and the 95% interval that speaks of that model alone.
    spreads : tuple of Spread
        What the variance of each mean over fits is made of.
    baseline : float
        Mean metric of the fits.
    metric : str
        Name of the metric.
    greater_is_better : bool
        Direction of the metric.
    recipe : str
        What was trained, in words.
    split : str
        On which rows, in words.
    fits : int
        Fits asked for.
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
    Columns of `to_frame`: feature, metric, importance (mean over fits), std_fits, se, ci_lower, ci_upper, pvalue,
    pvalue_holm, one_model, one_model_lower, one_model_upper, fits, rank; the heaviest first. The interval of the one
    model is always that of 95%.
    """

    _format = "weighin.refits"

    features: tuple[str, ...]
    importances: NDArray[np.float64]
    one_model: NDArray[np.float64]
    spreads: tuple[Spread, ...]
    baseline: float
    metric: str
    greater_is_better: bool
    recipe: str = ""
    split: str = ""
    fits: int = 0
    random_state: int = 0
    simulated: bool = False
    notes: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    date: str = ""

    def __post_init__(self) -> None:
        for name, shape in (
            ("importances", (len(self.features), -1)),
            ("one_model", (len(self.features), 3)),
        ):
            # a copy nobody else can change
            values = np.array(getattr(self, name), dtype=float).reshape(shape)
            values.flags.writeable = False
            object.__setattr__(self, name, values)

    @property
    def importances_mean(self) -> NDArray[np.float64]:
        """Mean over fits, shape (n_features,)."""
        return self.importances.mean(1)

    @property
    def importances_std(self) -> NDArray[np.float64]:
        """Standard deviation between fits, shape (n_features,); NaN for one fit."""
        if self.importances.shape[1] < 2:
            return np.full(len(self.features), np.nan)
        return self.importances.std(1, ddof=1)

    @property
    def pvalue(self) -> NDArray[np.float64]:
        """One-sided p-value of "not above 0", shape (n_features,); NaN where there is no interval."""
        pairs = zip(self.spreads, self.importances_mean, strict=True)
        return np.array([spread.above(float(mean)) for spread, mean in pairs])

    @property
    def pvalue_holm(self) -> NDArray[np.float64]:
        """`pvalue` adjusted for the number of features (Holm 1979), shape (n_features,)."""
        return holm(self.pvalue)

    @property
    def order(self) -> NDArray[np.int64]:
        """Places of the features, the heaviest first, shape (n_features,)."""
        return np.argsort(-np.nan_to_num(self.importances_mean, nan=-np.inf), kind="stable")

    def claimed(self, confidence_level: float = 0.95) -> NDArray[np.bool_]:
        """Tell which features surely weigh something, or surely harm, among all of them; shape (n_features,).

        Parameters
        ----------
        confidence_level : float
            Between 0 and 1.
        """
        pvalue, most = self.pvalue, 1 - confidence_level
        two_sided = holm(np.minimum(1.0, 2 * np.minimum(pvalue, 1 - pvalue)))
        with np.errstate(invalid="ignore"):
            heavier = (self.pvalue_holm < most) & (self.importances_mean > 0)
            return heavier | ((two_sided < most) & (self.importances_mean < 0))

    def interval(self, confidence_level: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give the interval of each mean importance, for models trained this way.

        Parameters
        ----------
        confidence_level : float
            Between 0 and 1.

        Returns
        -------
        lower, upper : ndarray of shape (n_features,)
            NaN where there is none.

        Raises
        ------
        InputError
            If `confidence_level` is not between 0 and 1.
        """
        check_level(confidence_level)
        ends = [
            spread.interval(float(mean), confidence_level)
            for spread, mean in zip(self.spreads, self.importances_mean, strict=True)
        ]
        return np.array([low for low, _ in ends]), np.array([high for _, high in ends])

    def tell(self, confidence_level: float = 0.95, limit: int = 5) -> Telling:
        check_limit(limit)
        lower, upper = self.interval(confidence_level)
        return Telling(
            title=TITLE,
            kicker=f"{self.recipe or 'A model'}, trained {self.fits} times",
            tables=[self._table(lower, upper, confidence_level)],
            remarks=[self._about()],
            sentences=[self._sentence(int(i), lower[i], upper[i], confidence_level) for i in self.order],
            reading=[
                "The model was trained again several times, and every fit weighed on rows held out. The first interval "
                "says where the importance lies for other rows and other trainings of the same kind; that of the first "
                "model speaks of this model alone.",
                "Pale: cannot be told apart from zero, given the number of features (Holm).",
            ],
            made=self._made(),
            notes=list(map(printable, self.notes)),
            simulated=self.simulated,
        )

    def plot(self, *, ax: Any = None, limit: int = 20, title: str | None = None) -> Any:
        """Draw the mean importances, the heaviest on top, with whiskers for the 95% interval over fits.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default. It is never shown: call ``plt.show()`` outside a notebook.
        limit : int
            At most so many bars.
        title : str, optional
            Instead of the usual one.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        InputError
            If `limit` is less than 1.
        """
        check_limit(limit)
        order = self.order[:limit]
        lower, upper = (end[order] for end in self.interval())
        known = bool(np.isfinite(lower).any())
        values = self.importances_mean[order]
        return charts.bars(
            [self.features[i] for i in order],
            values,
            singles=self.importances[order],
            interval=(lower, upper) if known else None,
            unsure=~self.claimed()[order] if known else None,
            labels=[rounded(*ends).value for ends in zip(values, lower, upper, strict=True)],
            title=self._marked(title or TITLE),
            subtitle=self._about(),
            xlabel=f"how much worse {self.metric} gets when the column is shuffled, mean over fits",
            ax=ax,
        )

    def _columns(self, confidence_level: float) -> dict[str, Any]:
        order = self.order
        lower, upper = self.interval(confidence_level)
        return {
            "feature": [self.features[i] for i in order],
            "metric": [self.metric] * len(order),
            "importance": self.importances_mean[order],
            "std_fits": self.importances_std[order],
            "se": np.array([self.spreads[i].se if self.spreads[i].known else math.nan for i in order]),
            "ci_lower": lower[order],
            "ci_upper": upper[order],
            "pvalue": self.pvalue[order],
            "pvalue_holm": self.pvalue_holm[order],
            "one_model": self.one_model[order, 0],
            "one_model_lower": self.one_model[order, 1],
            "one_model_upper": self.one_model[order, 2],
            "fits": [self.importances.shape[1]] * len(order),
            "rank": np.arange(1, len(order) + 1),
        }

    def _table(
        self, lower: NDArray[np.float64], upper: NDArray[np.float64], confidence_level: float
    ) -> Table:
        claimed, rows = self.claimed(confidence_level), []
        for i in map(int, self.order):
            number = rounded(float(self.importances_mean[i]), lower[i], upper[i])
            one_model = rounded(*map(float, self.one_model[i]))
            between = write(float(f"{self.importances_std[i]:.2g}"))
            rows.append(
                Row(
                    self.features[i],
                    [number.value, number.interval, between, one_model.interval],
                    Bar(float(self.importances_mean[i]), float(lower[i]), float(upper[i])),
                    claimed=bool(claimed[i]) or not self.spreads[i].known,
                )
            )
        level = f"{100 * confidence_level:g}%"
        columns = [
            Column(f"{self.metric} worse by"),
            Column(f"{level}, this way of training", "right"),
            Column("between fits", gives_way=2),
            Column("95%, the first model", "right", gives_way=1),
        ]
        return Table(self._marked("What features weigh over fits"), "feature", columns, rows, "to_frame()")

    def _sentence(self, i: int, lower: float, upper: float, confidence_level: float) -> str:
        number = rounded(float(self.importances_mean[i]), float(lower), float(upper))
        name = printable(self.features[i])
        text = f"Shuffling {name} makes {self.metric} worse by {number.value} on average over fits"
        if self.spreads[i].known:
            between = write(float(f"{self.importances_std[i]:.2g}"))
            text += f" ({100 * confidence_level:g}% interval {number.interval}; between fits it varies by {between})"
            one_model = rounded(*map(float, self.one_model[i]))
            if math.isfinite(self.one_model[i, 1]):
                text += f"; for the first model alone {one_model.interval}"
            if not self.claimed(confidence_level)[i]:
                text += ": not to be told apart from zero"
        return f"{text}."

    def _marked(self, title: str) -> str:
        return ("SIMULATED DATA - " if self.simulated else "") + title

    def _about(self) -> str:
        better = "higher" if self.greater_is_better else "lower"
        n_fits = self.importances.shape[1]
        return printable(
            f"{self.metric} {self.baseline:.4g} ({better} is better), {self.recipe}, {n_fits} "
            f"fit{'s' * (n_fits != 1)}, seed {self.random_state}; {self.split}."
        )

    def _made(self) -> list[tuple[str, str]]:
        better = "higher" if self.greater_is_better else "lower"
        return [
            ("Recipe", self.recipe),
            ("Rows", self.split),
            ("Metric", f"{self.metric}, {better} is better; {self.baseline:.5g} on average over fits"),
            ("Fits", f"{self.importances.shape[1]} of {self.fits}"),
            ("Seed", str(self.random_state)),
            ("Versions", ", ".join(f"{name} {version}" for name, version in self.versions.items())),
            ("Date", self.date),
        ]
