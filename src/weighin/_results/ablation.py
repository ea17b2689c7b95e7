"""What was found by training without some features, and with others."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from weighin._base.checks import check_level, check_limit
from weighin._base.text import printable
from weighin._display import charts
from weighin._display.numbers import rounded
from weighin._display.telling import Telling
from weighin._results.ablation_numbers import AblationNumbers
from weighin._results.ablation_telling import heading, tell
from weighin._results.ablation_words import about
from weighin._results.base import Result

TITLE = "What happens without it, or with it"


@dataclass(frozen=True, eq=False, repr=False)
class Ablation(AblationNumbers, Result):
    """What dropping, adding and replacing features does to a model that is trained again; made by `ablate`.

    ``ablation["week"]`` gives the numbers and the verdict of one variant.

    Attributes
    ----------
    changes : tuple of Change
        One for each variant: its scores, its change of the metric and what that change's variance is made of.
    metric : str
        Name of the metric.
    greater_is_better : bool
        Direction of the metric.
    tolerance : float
        A loss or gain below it does not matter, in units of the metric.
    recipe : str
        What was trained, in words.
    split : str
        On which rows, in words.
    features : tuple of str
        Of the full model.
    scores : tuple of float
        The full model's metric in each fit; NaN where a fit failed.
    fits : int
        Fits asked for.
    random_state : int
        Seed that gives these numbers again.
    unit : str
        Of the metric, for sentences.
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
    Columns of `to_frame`: variant, kind, dropped, added, metric, full, score, change (score - full), se, ci_lower,
    ci_upper, worse_by (the change, positive where the metric gets worse), df, pvalue, pvalue_holm, verdict, fits,
    failed, fits_needed, rows_needed; one row per variant, in the order they were asked for. Intervals
    and verdicts are of one confidence level.
    """

    _format = "weighin.ablation"

    def tell(self, confidence_level: float = 0.95, limit: int = 5) -> Telling:
        check_level(confidence_level)
        check_limit(limit)
        return tell(self, confidence_level, limit)

    def plot(self, *, ax: Any = None, limit: int = 20, title: str | None = None) -> Any:
        """Draw how much worse each variant makes the metric, with whiskers for the 95% interval.

        Bars without a verdict are pale; the dotted line is the tolerance.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default. It is never shown: call ``plt.show()`` outside a notebook.
        limit : int
            At most so many variants, the first ones.
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
        variants = self.variants()[:limit]
        values, lower, upper = np.array([variant.worse_by for variant in variants]).reshape(-1, 3).T
        left_out = len(self.changes) - len(variants)
        more = f" {left_out} more variants not shown." if left_out else ""
        ax = charts.bars(
            [printable(variant.name) for variant in variants],
            values,
            interval=(lower, upper) if np.isfinite(lower).any() else None,
            unsure=np.array([not variant.verdict.claims for variant in variants]),
            labels=[
                f"{rounded(*variant.worse_by, sign=True).value}  {variant.verdict.word}"
                for variant in variants
            ],
            title=heading(self, title or TITLE),
            subtitle=about(self, ", dotted line") + more,
            xlabel=f"how much worse {self.metric} gets when trained so{f', in {self.unit}' if self.unit else ''}",
            ax=ax,
        )
        ax.axvline(self.tolerance, color="0.5", linewidth=1, linestyle=":", zorder=1, gid="tolerance")
        return ax

    def to_json(self) -> str:
        """Give the whole result as JSON, exact and unrounded: what `save` writes, with verdicts in words.

        Returns
        -------
        str
            An object with "format" and "version".
        """
        verdicts = [
            {"verdict": variant.verdict.word, "sentence": repr(variant)} for variant in self.variants()
        ]
        return self._codec().text(self, verdicts=verdicts)

    def _columns(self, confidence_level: float) -> dict[str, Any]:
        rows = [
            {
                "variant": variant.variant,
                "kind": variant.kind,
                "dropped": ", ".join(variant.dropped),
                "added": ", ".join(variant.added),
                "metric": self.metric,
                "full": _mean(change.full, change.scores),
                "score": _mean(change.scores, change.full),
                "change": variant.change,
                "se": variant.se,
                "ci_lower": variant.ci_lower,
                "ci_upper": variant.ci_upper,
                "worse_by": variant.worse_by[0],
                "df": change.spread.df,
                "pvalue": variant.verdict.pvalue,
                "pvalue_holm": variant.verdict.pvalue_holm,
                "verdict": variant.verdict.word,
                "fits": variant.n_fits,
                "failed": self.fits - variant.n_fits,
                "fits_needed": _or_nan(variant.verdict.fits_needed),
                "rows_needed": _or_nan(variant.verdict.rows_needed),
            }
            for change, variant in zip(self.changes, self.variants(confidence_level), strict=True)
        ]
        return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}


def _mean(values: tuple[float, ...], paired: tuple[float, ...]) -> float:
    both = np.isfinite(values) & np.isfinite(paired)
    return float(np.mean(np.array(values)[both])) if both.any() else math.nan


def _or_nan(count: int | None) -> float:
    return math.nan if count is None else float(count)
