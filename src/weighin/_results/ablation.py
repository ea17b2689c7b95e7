"""What was found by training without some features, and with others."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.text import named, printable
from weighin._display import charts
from weighin._display.numbers import interval_name, rounded, write
from weighin._display.telling import Bar, Column, Row, Step, Table, Telling
from weighin._results.ablated_variant import AblatedVariant
from weighin._results.change import SAFE, Change, judge
from weighin._results.glossary import words
from weighin._results.listed import Listed, columns
from weighin._results.provenance import made, marked

TITLE = "What changes without it, or with it"

READING = (
    "The full model and every variant were trained several times, each time with the same seed and on the "
    "same rows, and measured on held-out rows. The change is variant minus full model. Its interval says "
    "where the change would lie for other rows and other trainings of the same kind.",
    "Bars: how much worse the metric gets when trained this way; whiskers: intervals; pale: no "
    "verdict. Verdicts are stricter than intervals: changes within the tolerance do not count, and "
    "verdicts are adjusted for the number of variants (Holm).",
    "The verdicts are about this way of training on rows like these. Dropping several features at once is "
    "another variant: two that are each safe to drop may stand in for each other.",
)


@dataclass(frozen=True, eq=False, repr=False)
class Ablation(Listed[AblatedVariant]):
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

    _format = "weighin.ablation"
    _about = "variant"
    _attributes = columns(
        "variant kind dropped added metric full score change se ci_lower ci_upper worse_by df pvalue pvalue_holm "
        "verdict fits failed fits_needed rows_needed",
        **{name: f"measured.{name}" for name in ("kind", "dropped", "added", "se", "failed")},
        **{name: f"verdict.{name}" for name in ("pvalue", "pvalue_holm", "fits_needed", "rows_needed")},
        full="measured.mean_full",
        score="measured.mean_score",
        worse_by="worse",
        df="measured.spread.df",
        verdict="verdict.word",
        fits="measured.n_fits",
    )

    @property
    def baseline(self) -> float:
        """Mean metric of the full model over fits."""
        return float(np.nanmean(self.scores)) if np.isfinite(self.scores).any() else math.nan

    def to_json(self) -> str:
        """Give the whole result as JSON, exact and unrounded: what `save` writes, with verdicts in words.

        Returns
        -------
        str
            An object with "format" and "version".
        """
        verdicts = [{"verdict": line.verdict.word, "sentence": repr(line)} for line in self.lines()]
        return self._codec().text(self, verdicts=verdicts)

    def _columns(self, confidence_level: float) -> dict[str, Any]:
        values = super()._columns(confidence_level)
        return values | {name: list(map(float, values[name])) for name in ("fits_needed", "rows_needed")}

    def _about_feature(
        self, feature: str, telling: Telling, confidence_level: float
    ) -> list[tuple[str, str]]:
        """Say what training without one feature did, alone and together with others."""
        return [
            (
                f"trained again {line.name}",
                f"{line.number.value} ({line.number.interval}): {line.verdict.word}",
            )
            for line in self.lines(confidence_level)
            if line.measured.kind == "drop" and feature in line.measured.dropped
        ]

    def _interval(self, confidence_level: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        ends = [change.spread.interval(change.estimate, confidence_level) for change in self.changes]
        return np.array([low for low, _ in ends]), np.array([high for _, high in ends])

    def _lines(self, confidence_level: float) -> tuple[AblatedVariant, ...]:
        verdicts = judge(self.changes, self.greater_is_better, self.tolerance, confidence_level)
        ends = (values.tolist() for values in self.interval(confidence_level))
        same = self.metric, self.unit, self.greater_is_better
        return tuple(
            AblatedVariant(
                change, verdict, *same, low, high, confidence_level, claim=verdict.word * verdict.claims
            )
            for change, verdict, low, high in zip(self.changes, verdicts, *ends, strict=True)
        )

    def _tell(self, lines: Sequence[AblatedVariant], confidence_level: float, limit: int) -> Telling:
        return tell(self, lines, confidence_level, limit)

    def _chart(self, lines: Sequence[AblatedVariant], title: str | None, left_out: str) -> charts.Bars:
        level = interval_name(lines[0].confidence_level if lines else 0.95)
        values, lower, upper = np.array([line.worse_by for line in lines]).reshape(-1, 3).T
        return charts.Bars(
            names=[line.name for line in lines],
            values=values,
            interval=(lower, upper) if np.isfinite(lower).any() else None,
            unsure=np.array([not line.claim for line in lines], dtype=bool),
            labels=[f"{rounded(*line.worse_by, sign=True).value}  {line.verdict.word}" for line in lines],
            title=marked(self, title or TITLE),
            subtitle=about(self, ", dotted line") + left_out,
            xlabel=(
                f"how much worse {self.metric} gets when trained this "
                f"way{f', in {self.unit}' if self.unit else ''}"
            ),
            line=self.tolerance,
            tips=[[repr(line)] for line in lines],
            key=[("bar", "worse when trained this way"), ("pale", "no verdict"), ("whisker", level)],
            ranked=False,
        )


def tell(result: Ablation, lines: Sequence[AblatedVariant], confidence_level: float, limit: int) -> Telling:
    """Say all of it."""
    said = _sentences(lines, limit)
    failures = [f"{change.label}: {error}" for change in result.changes for error in change.errors]
    unit = f" {result.unit}" if result.unit else ""
    return Telling(
        title="Trained again: what can be dropped, and what helps",
        kicker=f"{printable(result.recipe) or 'A model'}, trained again",
        tables=[_table(result, lines, confidence_level)],
        remarks=[about(result), *said],
        sentences=said,
        glossary=words("Metric", "Trained again", "Interval"),
        reading=READING,
        steps=_steps(lines),
        made=made(
            result,
            ("Recipe", result.recipe),
            ("Features", ", ".join(result.features)),
            ("Rows", result.split),
            (
                "Metric",
                f"{result.metric}, {result._better}; {write(result.baseline, digits=5)}{unit} with all features",
            ),
            ("Tolerance", f"{write(result.tolerance)}{unit}"),
            ("Fits", str(result.fits)),
            ("Seed", str(result.random_state)),
        ),
        notes=list(map(printable, [*failures, *result.notes])),
        simulated=result.simulated,
    )


def about(result: Ablation, where: str = "") -> str:
    """Say what the numbers are taken from, what counts as a finding, and where the tolerance is to be seen."""
    among = next((line.verdict.among for line in result.lines()), 0)
    holm = f"; verdicts are adjusted for {among} variants (Holm)" if among > 1 else ""
    return printable(
        f"Full model: {result.metric} {write(result.baseline, digits=4)} ({result._better}), "
        f"{result.recipe}, {result.fits} fit{'s' * (result.fits != 1)} each, seed {result.random_state}; "
        f"{result.split}. Changes below {_tolerance(result, where)} do not matter{holm}."
    )


def _sentences(lines: Sequence[AblatedVariant], limit: int) -> list[str]:
    """Say what each variant does; of many only the largest changes one by one, and of the others what follows."""
    if len(lines) <= limit:
        return list(map(repr, lines))
    by_size = sorted(lines, key=lambda line: (not line.claim, -_size(line)))
    by_word: dict[str, list[str]] = {}
    for line in by_size[limit:]:
        by_word.setdefault(line.verdict.word, []).append(line.name)
    return [
        *map(repr, by_size[:limit]),
        *(f"{word[:1].upper()}{word[1:]}: {named(names)}." for word, names in by_word.items()),
    ]


def _steps(lines: Sequence[AblatedVariant]) -> list[Step]:
    """Suggest to try together what is safe to drop alone, and more fits where nothing could be told."""
    found, alone = [], [line for line in lines if len(line.measured.dropped) == 1]
    safe = [line.measured.dropped[0] for line in alone if line.verdict.word == SAFE]
    if len(safe) > 1:
        why = "Each is safe to drop alone; two that stand in for each other are not safe to drop together."
        found.append(
            Step("Try to drop them together", why, f"weighin.ablate(recipe, table, drop=[{safe!r}])")
        )
    needed = [line.verdict.fits_needed for line in lines if line.verdict.fits_needed]
    if needed:
        why = "About so many fits would decide what could not be told, if the estimates are right."
        found.append(Step("Train more often", why, f"weighin.ablate(recipe, table, ..., fits={max(needed)})"))
    return found


def _size(line: AblatedVariant) -> float:
    return abs(line.change) if math.isfinite(line.change) else 0.0


def _tolerance(result: Ablation, where: str) -> str:
    """Say what counts as too small to matter."""
    text = write(result.tolerance) + (f" {result.unit}" if result.unit else "")
    baseline = result.baseline
    if baseline and math.isfinite(baseline):
        text += f" ({write(100 * result.tolerance / abs(baseline), digits=2)}%{where})"
    return text


def _table(result: Ablation, lines: Sequence[AblatedVariant], confidence_level: float) -> Table:
    rows = [
        Row(
            line.name,
            [
                line.number.value,
                line.number.interval,
                line.verdict.word,
                f"{line.measured.n_fits} of {result.fits}",
            ],
            Bar(*line.worse_by),
            claimed=bool(line.claim),
        )
        for line in lines
    ]
    columns = [
        Column(f"{result.metric} changes by{f' ({result.unit})' if result.unit else ''}"),
        Column(interval_name(confidence_level), "right", gives_way=1),
        Column("verdict", "text"),
        Column("fits", "right", gives_way=2),
    ]
    return Table(marked(result, "Trained again"), "variant", columns, rows, "to_frame()")
