"""What features weigh over several fits of one way of training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from weighin._base.checks import check_level, check_limit
from weighin._display import charts
from weighin._display.telling import Telling
from weighin._results.base import Result
from weighin._results.refits_numbers import RefitsNumbers
from weighin._results.refits_telling import TITLE, about, heading, tell


@dataclass(frozen=True, eq=False, repr=False)
class Refits(RefitsNumbers, Result):
    """How much each feature weighs for a way of training, over several fits; made by `weigh_refits`.

    ``refits["age"]`` gives the numbers of one feature.

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
    few_rows, one_model_few_rows : ndarray of bool of shape (n_features,)
        Features for which so few rows count that no interval holds: in most fits, and in the first.
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
    Columns of `to_frame`: feature, metric, importance (mean over fits), std_fits, se, ci_lower, ci_upper, pvalue
    (one-sided), pvalue_holm, few_rows, one_model, one_model_lower, one_model_upper, fits, rank; the heaviest first. The
    interval of the one model is always that of 95%.
    """

    _format = "weighin.refits"

    def tell(self, confidence_level: float = 0.95, limit: int = 5) -> Telling:
        check_level(confidence_level)
        check_limit(limit)
        return tell(self, confidence_level, limit)

    def plot(self, *, ax: Any = None, limit: int = 20, title: str | None = None) -> Any:
        """Draw the mean importances, the heaviest on top, with whiskers for the 95% interval over fits.

        Bars are pale where nothing can be claimed.

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
        shown, order = self.by_feature()[:limit], self.order[:limit]
        lower, upper = np.array([feature.shown_interval for feature in shown]).reshape(-1, 2).T
        left_out = len(self.features) - len(shown)
        more = f" {left_out} more features not shown." if left_out else ""
        return charts.bars(
            [feature.feature for feature in shown],
            self.importances_mean[order],
            singles=self.importances[order],
            interval=(lower, upper) if np.isfinite(lower).any() else None,
            unsure=np.array([not feature.claim for feature in shown]),
            labels=[feature.number.value for feature in shown],
            title=heading(self, title or TITLE),
            subtitle=about(self) + more,
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
            "se": self.se[order],
            "ci_lower": lower[order],
            "ci_upper": upper[order],
            "pvalue": self.pvalue[order],
            "pvalue_holm": self.pvalue_holm[order],
            "few_rows": self.few_rows[order],
            "one_model": self.one_model[order, 0],
            "one_model_lower": self.one_model[order, 1],
            "one_model_upper": self.one_model[order, 2],
            "fits": [self.importances.shape[1]] * len(order),
            "rank": np.arange(1, len(order) + 1),
        }
