"""Which features act together, in a form one can hold, print, draw and keep."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from weighin._base.checks import check_level, check_limit, check_plot
from weighin._display import charts
from weighin._display.telling import Telling
from weighin._results.base import Result
from weighin._results.interactions_charts import matrix, surface_of
from weighin._results.interactions_numbers import InteractionsNumbers
from weighin._results.interactions_telling import tell

# features named as acting together with one
MOST_PARTNERS = 3


@dataclass(frozen=True, eq=False, repr=False)
class Interactions(InteractionsNumbers, Result):
    """Which features of a model act together.

    ``result["spread", "home_elo"]`` gives the numbers of one pair.

    Attributes
    ----------
    features : tuple of str
        Features, groups among them, that were swapped.
    pairs : tuple of (str, str)
        The pairs measured.
    total, total_share : Inference
        Total index of each feature, arrays of shape (n_features,): in squared units of the prediction, and in parts of
        its variance.
    interaction, interaction_share : Inference
        Superset importance of each pair, arrays of shape (n_pairs,), likewise. ``.estimate``, ``.se`` and ``.pvalue``
        are the numbers.
    moved : ndarray of bool of shape (n_pairs,)
        Whether any swap showed that the two act together.
    variance : float
        Of the prediction; mean over outputs where there are several.
    n_rows, n_repeats : int
        Rows measured, and swaps of each.
    what : str
        What the variance is of: "the prediction", "the decision function".
    screened : str
        Which pairs were left out, and why; empty where all were measured.
    surfaces : tuple of Surface
        Of the strongest pairs: what is predicted for values of both, and how one depends on the other.
    rows, model : str
        Which rows and which model, in words.
    random_state : int
        Seed that gives these numbers again.
    groups : mapping of str to tuple of str
        Members of the groups among the features.
    kernels : mapping of str to str
        How swaps of each feature were predicted.
    complete : bool
        False after Ctrl-C, or when the time allowed was over.
    noise : float
        Largest difference between two predictions of the same rows: above 0 nothing is claimed.
    simulated : bool
        Whether the rows are known to be made up.
    notes : tuple of str
        What a reader must know.
    versions : mapping of str to str
        Of weighin and what it used.
    date : str
        When.

    Notes
    -----
    Columns of `to_frame`: kind ("pair", or "total" for the index of one feature), feature, other ("" for one feature),
    value, se, ci_lower, ci_upper (squared units of the prediction), share, share_ci_lower, share_ci_upper (parts of its
    variance), pvalue, pvalue_holm (NaN for one feature), few_rows. Pairs first, the strongest on top.
    """

    _format: ClassVar[str] = "weighin.interactions"

    def _about_feature(
        self, feature: str, telling: Telling, confidence_level: float
    ) -> list[tuple[str, str]]:
        """Name the features that one surely acts together with, the strongest first."""
        lines = [line for line in self.lines(confidence_level) if line.claimed and feature in line.features]
        return [
            (
                f"acts together with {' and '.join(name for name in line.features if name != feature)}",
                f"{line.shares.value} of the variance ({line.shares.interval})",
            )
            for line in lines[:MOST_PARTNERS]
        ]

    def tell(self, confidence_level: float = 0.95, limit: int = 5) -> Telling:
        check_level(confidence_level)
        check_limit(limit)
        return tell(self, confidence_level, limit)

    def plot(
        self,
        pair: tuple[str, str] | None = None,
        *,
        ax: Any = None,
        limit: int = 20,
        title: str | None = None,
    ) -> Any:
        """Draw the pairs as a square of shades, pale where nothing is claimed; or the surface of one.

        Parameters
        ----------
        pair : (str, str), optional
            One of `surfaces`: draw what is predicted for values of both.
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default. It is never shown.
        limit : int
            At most so many features: those of the strongest pairs.
        title : str, optional
            Instead of the usual one.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        InputError
            If `limit` is less than 1, or there is no pair, or no such surface.
        """
        check_plot(ax, limit, title)
        if pair is not None:
            return charts.draw(surface_of(self, pair, title), ax)
        return charts.draw(matrix(self, limit, title), ax)

    def _columns(self, confidence_level: float) -> dict[str, Any]:
        lines = self.lines(confidence_level)
        total, share = self.total, self.total_share
        ends = (*self.total_interval(confidence_level), *self.total_share_interval(confidence_level))
        rows: list[tuple[Any, ...]] = [
            (
                *("pair", *line.features, line.interaction, line.se, line.ci_lower, line.ci_upper),
                *(
                    line.share,
                    line.share_lower,
                    line.share_upper,
                    line.pvalue,
                    line.pvalue_holm,
                    line.few_rows,
                ),
            )
            for line in lines
        ]
        for i, name in enumerate(self.features):
            lower, upper, share_lower, share_upper = (float(end[i]) for end in ends)
            numbers = (
                total.estimate[i],
                total.se[i],
                lower,
                upper,
                share.estimate[i],
                share_lower,
                share_upper,
            )
            few = bool(total.few_rows[i])
            rows.append(("total", name, "", *map(float, numbers), float(total.pvalue[i]), math.nan, few))
        names = "kind feature other value se ci_lower ci_upper share share_ci_lower share_ci_upper pvalue pvalue_holm"
        columns = (*names.split(), "few_rows")
        return {name: [row[place] for row in rows] for place, name in enumerate(columns)}
