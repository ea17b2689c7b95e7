"""What was found by training without some features, and with others."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError, nearest
from weighin._base.text import printable
from weighin._display import charts
from weighin._display.numbers import rounded
from weighin._display.telling import Bar, Column, Row, Table, Telling
from weighin._inference import check_level
from weighin._results.ablation_words import failures, sentence, tolerance_text, variant
from weighin._results.base import Result, check_limit
from weighin._results.change import OPEN, Change, Verdict, judge

TITLE = "What happens without it, or with it"
READING = (
    "The full model and every variant were trained again several times, each time from the same seed and on the same "
    "rows for all of them, and measured on rows held out. The change is variant minus full model. Its interval says "
    "where the change would lie for other rows and other trainings of the same kind, with 95% confidence.",
    "Bars: how much worse the metric gets when trained so; whiskers: 95% intervals; pale: no verdict. Verdicts ask "
    "more of an interval: what lies within the tolerance does not matter, and they are adjusted for the number of "
    "variants (Holm).",
    "The verdicts speak of this way of training on rows like these. Dropping several features at once is another "
    "variant: two that are each safe to drop may stand in for each other.",
)


@dataclass(frozen=True, eq=False, repr=False)
class Ablation(Result):
    """What dropping, adding and replacing features does to a model that is trained again; made by `ablate`.

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
    failed, fits_needed, rows_needed; one row per variant, in the order they were asked for. Verdicts are those of 95%.
    """

    _format = "weighin.ablation"

    changes: tuple[Change, ...]
    metric: str
    greater_is_better: bool
    tolerance: float
    recipe: str = ""
    split: str = ""
    features: tuple[str, ...] = ()
    scores: tuple[float, ...] = ()
    fits: int = 0
    random_state: int = 0
    unit: str = ""
    simulated: bool = False
    notes: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    date: str = ""

    @property
    def baseline(self) -> float:
        """Mean metric of the full model over fits."""
        return float(np.nanmean(self.scores)) if np.isfinite(self.scores).any() else math.nan

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What is to be said of each variant, with p-values and what would be needed to tell."""
        return tuple(judge(self.changes, self.greater_is_better, self.tolerance))

    def verdict(self, label: str) -> str:
        """Give the verdict on one variant, such as "safe to drop" or "cannot tell".

        Parameters
        ----------
        label : str
            Of the variant.

        Raises
        ------
        InputError
            If there is no such variant.
        """
        labels = [change.label for change in self.changes]
        if label not in labels:
            raise InputError(f"Unknown variant {label!r}.{nearest(label, labels)}")
        return self.verdicts[labels.index(label)].word

    def interval(self, confidence_level: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give the interval of each variant's change of the metric.

        Parameters
        ----------
        confidence_level : float
            Between 0 and 1.

        Returns
        -------
        lower, upper : ndarray of shape (n_variants,)
            NaN where there is none.

        Raises
        ------
        InputError
            If `confidence_level` is not between 0 and 1.
        """
        check_level(confidence_level)
        ends = [change.spread.interval(change.estimate, confidence_level) for change in self.changes]
        return np.array([low for low, _ in ends]), np.array([high for _, high in ends])

    def tell(self, confidence_level: float = 0.95, limit: int = 5) -> Telling:
        check_limit(limit)
        return Telling(
            title="Trained again: what can go, and what helps",
            kicker=f"{self.recipe or 'A model'}, trained again",
            tables=[self._table(confidence_level)],
            remarks=[self._about(), *self._sentences(confidence_level)],
            sentences=self._sentences(confidence_level),
            reading=READING,
            made=self._made(),
            notes=[*failures(self.changes), *map(printable, self.notes)],
            simulated=self.simulated,
        )

    def plot(self, *, ax: Any = None, title: str | None = None) -> Any:
        """Draw how much worse each variant makes the metric, with whiskers for the 95% interval.

        Bars without a verdict are pale; the dotted line is the tolerance.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default. It is never shown: call ``plt.show()`` outside a notebook.
        title : str, optional
            Instead of the usual one.

        Returns
        -------
        matplotlib Axes
        """
        values, lower, upper = self._worse_by(0.95)
        known = bool(np.isfinite(lower).any())
        labels = [
            f"{rounded(*ends, sign=True).value}  {verdict.word}"
            for *ends, verdict in zip(values, lower, upper, self.verdicts, strict=True)
        ]
        ax = charts.bars(
            [variant(change) for change in self.changes],
            values,
            interval=(lower, upper) if known else None,
            unsure=np.array([verdict.word in OPEN for verdict in self.verdicts]) if known else None,
            labels=labels,
            title=self._marked(title or TITLE),
            subtitle=self._about(", dotted line"),
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
        said = zip(self.verdicts, self._sentences(0.95), strict=True)
        verdicts = [{"verdict": verdict.word, "sentence": sentence} for verdict, sentence in said]
        return self._codec().text(self, verdicts=verdicts)

    def _columns(self, confidence_level: float) -> dict[str, Any]:
        lower, upper = self.interval(confidence_level)
        sign = -1.0 if self.greater_is_better else 1.0
        rows = [
            {
                "variant": change.label,
                "kind": change.kind,
                "dropped": ", ".join(change.dropped),
                "added": ", ".join(change.added),
                "metric": self.metric,
                "full": _mean(change.full, change.scores),
                "score": _mean(change.scores, change.full),
                "change": change.estimate,
                "se": change.spread.se if change.spread.known else math.nan,
                "ci_lower": lower[place],
                "ci_upper": upper[place],
                "worse_by": sign * change.estimate,
                "df": change.spread.df,
                "pvalue": verdict.pvalue,
                "pvalue_holm": verdict.pvalue_holm,
                "verdict": verdict.word,
                "fits": change.n_fits,
                "failed": self.fits - change.n_fits,
                "fits_needed": math.nan if verdict.fits_needed is None else float(verdict.fits_needed),
                "rows_needed": math.nan if verdict.rows_needed is None else float(verdict.rows_needed),
            }
            for place, (change, verdict) in enumerate(zip(self.changes, self.verdicts, strict=True))
        ]
        return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}

    def _worse_by(self, confidence_level: float) -> tuple[NDArray[np.float64], ...]:
        """Change of each variant with its interval, positive where the metric gets worse."""
        lower, upper = self.interval(confidence_level)
        values = np.array([change.estimate for change in self.changes])
        return (-values, -upper, -lower) if self.greater_is_better else (values, lower, upper)

    def _sentences(self, confidence_level: float) -> list[str]:
        said = [
            sentence(
                change,
                verdict,
                metric=self.metric,
                greater_is_better=self.greater_is_better,
                unit=self.unit,
                confidence_level=confidence_level,
            )
            for change, verdict in zip(self.changes, self.verdicts, strict=True)
        ]
        return [f"{text[:1].upper()}{text[1:]}" for text in said]

    def _table(self, confidence_level: float) -> Table:
        lower, upper = self.interval(confidence_level)
        bars = zip(*self._worse_by(confidence_level), strict=True)
        rows = []
        for place, (change, verdict, ends) in enumerate(zip(self.changes, self.verdicts, bars, strict=True)):
            number = rounded(change.estimate, float(lower[place]), float(upper[place]), sign=True)
            fits = f"{change.n_fits} of {self.fits}"
            rows.append(
                Row(
                    variant(change),
                    [number.value, number.interval, verdict.word, fits],
                    Bar(*map(float, ends)),
                    claimed=verdict.word not in OPEN,
                )
            )
        unit = f" ({self.unit})" if self.unit else ""
        columns = [
            Column(f"{self.metric} changes by{unit}"),
            Column(f"{100 * confidence_level:g}% interval", "right", gives_way=1),
            Column("verdict", "text"),
            Column("fits", "right", gives_way=2),
        ]
        return Table(self._marked("Trained again"), "variant", columns, rows, "to_frame()")

    def _marked(self, title: str) -> str:
        return ("SIMULATED DATA - " if self.simulated else "") + title

    def _about(self, where: str = "") -> str:
        better = "higher" if self.greater_is_better else "lower"
        holm = (
            f"; verdicts are adjusted for {len(self.changes)} variants (Holm)"
            if len(self.changes) > 1
            else ""
        )
        return printable(
            f"Full model: {self.metric} {self.baseline:.4g} ({better} is better), {self.recipe}, {self.fits} "
            f"fit{'s' * (self.fits != 1)} each, seed {self.random_state}; {self.split}. What is below "
            f"{tolerance_text(self.tolerance, self.baseline, self.unit, where)} does not matter{holm}."
        )

    def _made(self) -> list[tuple[str, str]]:
        better = "higher" if self.greater_is_better else "lower"
        unit = f" {self.unit}" if self.unit else ""
        return [
            ("Recipe", self.recipe),
            ("Features", ", ".join(self.features)),
            ("Rows", self.split),
            ("Metric", f"{self.metric}, {better} is better; {self.baseline:.5g}{unit} with all features"),
            ("Tolerance", f"{self.tolerance:.3g}{unit}"),
            ("Fits", str(self.fits)),
            ("Seed", str(self.random_state)),
            ("Versions", ", ".join(f"{name} {version}" for name, version in self.versions.items())),
            ("Date", self.date),
        ]


def _mean(values: tuple[float, ...], paired: tuple[float, ...]) -> float:
    both = np.isfinite(values) & np.isfinite(paired)
    return float(np.mean(np.array(values)[both])) if both.any() else math.nan
