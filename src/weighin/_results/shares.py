"""Shares of the loss that features prevent, in a form one can hold, print, draw and keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from weighin._base.checks import check_level, check_limit, check_plot
from weighin._display import charts
from weighin._display.codec import Kind
from weighin._display.telling import Telling
from weighin._results.base import Result
from weighin._results.importance import Importance
from weighin._results.importance_columns import columns
from weighin._results.shares_charts import stack
from weighin._results.shares_numbers import SharesNumbers
from weighin._results.shares_telling import tell


@dataclass(frozen=True, eq=False, repr=False)
class Shares(SharesNumbers, Result):
    """How much of the loss that all features prevent is due to each: parts that add up.

    ``shares["spread"]`` gives the numbers of one feature, `total` what all prevent, `total_interval` its interval,
    `shares` the parts of it, `relative_interval` their intervals, `contributions` the same in units of the metric and
    `interval` its intervals; `difference` compares two features.

    Attributes
    ----------
    features : tuple of str
        Features and groups, in the model's order.
    importances : ndarray of shape (n_features, n_repeats)
        Contribution of each feature in each repeat: how much worse the metric gets when its turn comes.
    baseline : float
        The metric on the same rows before any swap.
    metric : str
        Name of the metric.
    greater_is_better : bool
        Direction of the metric.
    n_rows : int
        Rows the metric was taken over.
    rows : str
        Which rows they were, in words.
    on_training_rows : bool or None
        True when the model was trained on some of these rows, None when nobody knows.
    model : str
        Which model, in words.
    random_state : int
        Seed that gives these numbers again.
    block_rows : int
        Rows of the donor-closed blocks that rows exchange values in.
    groups : dict of str to tuple of str
        Members of the entries of `features` that are groups: they have no share of their own.
    kernels : dict of str to str
        How each feature was predicted; "ignored": the model cannot see it, and its share is exactly 0.
    device : str
        Where predictions, losses and sums were made, off the CPU.
    directions : dict of str to str
        Empty.
    simulated : bool
        True when the data were made up; every view says so.
    complete : bool
        False when the run was interrupted: then on some of the rows, drawn at random.
    unfinished : tuple of str
        Empty: all features are measured together.
    notes : tuple of str
        What a reader must know.
    versions : dict of str to str
        Versions of what computed it.
    date : str
        When, ISO 8601.
    link : Link
        The mean: nothing else adds up.
    evidence : tuple
        What intervals are made of.
    by : str
        What the rows were told apart by, with ``shares(..., by=...)``.
    segment : str, int, float or None
        Which of them this part is about; None for all rows.
    parts : tuple of Shares
        The segments; see `of`.
    rows_sum : str
        Sum of the target, row by row: results of one sum were measured on the same rows.
    kept, effects, associations : None
        Not for shares.
    command : str
        What gave these numbers, where it was a command.
    given : str
        Empty: values are swapped whatever the other features say.
    given_reports : dict
        Empty.
    target, unit : str
        What is predicted and in which unit, where that is known.
    left_out : tuple of str
        Features of the model that took no part, and kept their values.

    Notes
    -----
    Columns of `to_frame`: feature, metric, share, share_lower, share_upper, contribution, se, se_data, se_shuffle,
    ci_lower, ci_upper, pvalue, pvalue_holm, few_rows, rank; with ``by=`` also segment, None for all rows. One row per
    feature, the largest first. Shares are NaN where the total cannot be told to be above 0.
    """

    _format: ClassVar[str] = "weighin.shares"
    _kinds: ClassVar[dict[Any, Kind]] = Importance._kinds
    _left_out = frozenset(
        {"kept", "effects", "associations", "directions", "given", "given_reports", "unfinished"}
    )

    def tell(self, confidence_level: float = 0.95, limit: int = 5) -> Telling:
        check_level(confidence_level)
        check_limit(limit)
        return tell(self, confidence_level, limit)

    def plot(
        self, *, relative: bool = True, ax: Any = None, limit: int = 20, title: str | None = None
    ) -> Any:
        """Draw the shares with 95% intervals, each from where the one before ended, up to all of it.

        Parameters
        ----------
        relative : bool
            In parts of the total, by default; in units of the metric with False, or where the total may be 0.
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default. It is never shown.
        limit : int
            At most so many features, the largest; one bar stands for the others.
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
        check_plot(ax, limit, title)
        amount = not relative or not np.isfinite(self.shares).any()
        return charts.draw(stack(self, limit, title, amount=amount), ax)

    def _columns(self, confidence_level: float) -> dict[str, Any]:
        values = columns(self, confidence_level)
        ends = [part.relative_interval(confidence_level) for part in (self, *self.parts)]
        ordered = [
            [end[part.order] for end in both] for part, both in zip((self, *self.parts), ends, strict=True)
        ]
        lower, upper = (np.concatenate([both[side] for both in ordered]) for side in (0, 1))
        first: dict[str, Any] = {
            name: values.pop(name) for name in ("feature", "metric", "segment") if name in values
        }
        share, contribution = values.pop("relative"), values.pop("importance")
        return {
            **first,
            "share": share,
            "share_lower": lower,
            "share_upper": upper,
            "contribution": contribution,
            **values,
        }
