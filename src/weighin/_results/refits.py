"""What features weigh over several fits of one way of training."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from weighin._base.text import named, printable
from weighin._display import charts
from weighin._display.numbers import interval_name, write
from weighin._display.telling import Bar, Column, Row, Table, Telling
from weighin._inference import holm
from weighin._inference.claims import claims_of
from weighin._inference.refits import Spread
from weighin._results.glossary import words
from weighin._results.listed import (
    Listed,
    chance_sentence,
    columns,
    feature_lines,
    few_rows_sentence,
    freeze,
    unmoved_sentence,
)
from weighin._results.provenance import made, marked
from weighin._results.refitted_feature import RefittedFeature

TITLE = "What models trained this way rely on"
READING = (
    "The model was trained several times, and every fit was weighed on held-out rows. The first interval "
    "says where the importance lies for other rows and other trainings of the same kind; the second is for "
    "the first model alone.",
    "Pale: cannot be told apart from zero, given the number of features (Holm).",
)


@dataclass(frozen=True, eq=False, repr=False)
class Refits(Listed[RefittedFeature]):
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

    features: tuple[str, ...]
    importances: NDArray[np.float64]
    one_model: NDArray[np.float64]
    spreads: tuple[Spread, ...]
    few_rows: NDArray[np.bool_]
    one_model_few_rows: NDArray[np.bool_]
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

    _format = "weighin.refits"
    _attributes = columns(
        "feature metric importance std_fits se ci_lower ci_upper pvalue pvalue_holm few_rows one_model one_model_lower "
        "one_model_upper fits rank"
    )

    def __post_init__(self) -> None:
        n = len(self.features)
        freeze(self, importances=(n, -1), one_model=(n, 3), few_rows=(n,), one_model_few_rows=(n,))

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
        """`pvalue` adjusted for the number of features that have one (Holm 1979), shape (n_features,)."""
        return holm(self.pvalue)

    @property
    def order(self) -> NDArray[np.int64]:
        """Places of the features, the heaviest first, shape (n_features,)."""
        return np.argsort(-np.nan_to_num(self.importances_mean, nan=-np.inf), kind="stable")

    @property
    def se(self) -> NDArray[np.float64]:
        """Standard error of each mean for this way of training, shape (n_features,); NaN where there is none."""
        return np.array([spread.se if spread.known else math.nan for spread in self.spreads])

    def _interval(self, confidence_level: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        pairs = zip(self.spreads, self.importances_mean.tolist(), strict=True)
        ends = [spread.interval(mean, confidence_level) for spread, mean in pairs]
        return np.array([low for low, _ in ends]), np.array([high for _, high in ends])

    def _lines(self, confidence_level: float) -> tuple[RefittedFeature, ...]:
        claims = claims_of(self.importances_mean, self.pvalue, self.few_rows, confidence_level)
        rank = np.empty(len(self.features), dtype=int)
        rank[self.order] = np.arange(1, len(rank) + 1)
        return feature_lines(
            self,
            RefittedFeature,
            confidence_level,
            importance=self.importances_mean,
            std_fits=self.importances_std,
            one_model=self.one_model[:, 0],
            one_model_lower=self.one_model[:, 1],
            one_model_upper=self.one_model[:, 2],
            one_model_few_rows=self.one_model_few_rows,
            fits=np.full(len(rank), self.importances.shape[1]),
            rank=rank,
            claim=claims.words,
        )

    def _tell(self, lines: Sequence[RefittedFeature], confidence_level: float, limit: int) -> Telling:
        return tell(self, lines, confidence_level, limit)

    def _chart(self, lines: Sequence[RefittedFeature], title: str | None, left_out: str) -> charts.Bars:
        lower, upper = np.array([line.shown_interval for line in lines]).reshape(-1, 2).T
        return charts.Bars(
            names=[line.feature for line in lines],
            values=np.array([line.importance for line in lines]),
            singles=self.importances[self.order[: len(lines)]],
            interval=(lower, upper) if np.isfinite(lower).any() else None,
            unsure=np.array([not line.claim for line in lines], dtype=bool),
            labels=[line.number.value for line in lines],
            title=marked(self, title or TITLE),
            subtitle=about(self) + left_out,
            xlabel=f"how much worse {self.metric} gets when the column is shuffled, mean over fits",
            tips=[[repr(line)] for line in lines],
            key=[
                ("bar", "worse without it"),
                ("pale", "cannot be told apart from zero"),
                ("whisker", interval_name(lines[0].confidence_level if lines else 0.95)),
            ],
        )


def tell(result: Refits, lines: Sequence[RefittedFeature], confidence_level: float, limit: int) -> Telling:
    """Say all of it."""
    return Telling(
        title=TITLE,
        kicker=f"{printable(result.recipe) or 'A model'}, trained {result.fits} times",
        tables=[_table(result, lines, confidence_level)],
        remarks=[about(result), *_few_rows(lines)],
        sentences=_sentences(lines, limit),
        glossary=words(
            "Shuffle", "Importance", "Metric", "Interval", "Cannot be told apart from zero", "p (Holm)"
        ),
        reading=READING,
        made=made(
            result,
            ("Recipe", result.recipe),
            ("Rows", result.split),
            (
                "Metric",
                f"{result.metric}, {result._better}; {write(result.baseline, digits=5)} on average over fits",
            ),
            ("Fits", f"{result.importances.shape[1]} of {result.fits}"),
            ("Seed", str(result.random_state)),
        ),
        notes=list(map(printable, result.notes)),
        simulated=result.simulated,
    )


def about(result: Refits) -> str:
    """Say what the numbers are taken from."""
    n_fits = result.importances.shape[1]
    return printable(
        f"{result.metric} {write(result.baseline, digits=4)} ({result._better}), {result.recipe}, {n_fits} "
        f"fit{'s' * (n_fits != 1)}, seed {result.random_state}; {result.split}."
    )


def _sentences(lines: Sequence[RefittedFeature], limit: int) -> list[str]:
    """Say what features weigh, the heaviest one by one; those of which nothing is claimed come last."""
    ordered = sorted(lines, key=lambda line: (not line.claim, line.few_rows))
    first, others = ordered[:limit], ordered[limit:]
    said = list(map(repr, first))
    unclear = [line for line in others if not (line.claim or line.few_rows or line.unmoved)]
    without_interval = [line.feature for line in unclear if math.isnan(line.pvalue_holm)]
    chance = [line.feature for line in unclear if line.leaves_out_zero]
    same = [line.feature for line in unclear if line.feature not in (*without_interval, *chance)]
    lighter = [*(line.feature for line in others if line.claim == "heavier"), *without_interval]
    harmful = [line.feature for line in others if line.claim == "harmful"]
    if lighter:
        said.append(f"{named(lighter)} {'weighs' if len(lighter) == 1 else 'weigh'} less.")
    if harmful:
        said.append(f"Shuffling {named(harmful)} makes {printable(lines[0].metric)} better.")
    said += chance_sentence(chance, lines[0].among)
    if same:
        said.append(f"Cannot be told apart from zero: {named(same)}.")
    return [*said, *_few_rows(others), *unmoved_sentence(others, lines[0].metric if lines else "")]


def _few_rows(lines: Sequence[RefittedFeature]) -> list[str]:
    return few_rows_sentence(
        [line.feature for line in lines if line.few_rows and not line.unmoved], " in most fits"
    )


def _table(result: Refits, lines: Sequence[RefittedFeature], confidence_level: float) -> Table:
    rows = [
        Row(
            line.feature,
            [line.number.value, line.interval_text, line.between_fits, line.one_model_text],
            Bar(line.importance, *line.shown_interval),
            claimed=bool(line.claim),
        )
        for line in lines
    ]
    columns = [
        Column(f"{result.metric} worse by"),
        Column(f"{100 * confidence_level:g}%, this way of training", "right"),
        Column("between fits", gives_way=2),
        Column("95%, the first model", "right", gives_way=1),
    ]
    title = marked(result, "What features weigh over fits")
    return Table(title, "feature", columns, rows, "to_frame(), plot(limit=...)")
