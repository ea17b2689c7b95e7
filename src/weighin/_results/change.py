"""What one variant does to the metric, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from weighin._base.checks import check_level
from weighin._inference import holm
from weighin._inference.claims import is_claimed
from weighin._inference.refits import Spread

# beyond, no number is named
MOST_FITS, MOST_ROWS = 1000, 1000.0
POWER = float(ndtri(0.8))

SAFE, HURTS, BETTER = "safe to drop", "hurts", "better without"
KEEP, POINTLESS = "worth keeping", "not worth adding"
SWAP, SWAP_BETTER = "safe to replace", "better so"
UNSURE, ONE_FIT, NO_INTERVAL, FAILED = "cannot tell", "one fit: no interval", "no interval", "not trained"
# words that claim nothing
OPEN = (UNSURE, ONE_FIT, NO_INTERVAL, FAILED)


@dataclass(frozen=True)
class Change:
    """What one variant of an ablation does to the metric.

    Attributes
    ----------
    label : str
        Of the variant.
    kind : {"drop", "add", "replace"}
        What was done to the features.
    features, dropped, added : tuple of str
        Those it was trained on, those left out, and new ones.
    scores, full : tuple of float
        The metric of the variant and of the full model in each fit; NaN where a fit failed.
    estimate : float
        Mean of the variant minus the full model, over fits in which both were trained.
    spread : Spread
        What the variance of the estimate is made of.
    n_rows : int
        Rows tested on.
    errors : tuple of str
        Why fits failed.

    Examples
    --------
    >>> spread = Spread("unknown")
    >>> change = Change("week", "drop", ("spread",), ("week",), (), (9.0, 9.2), (8.9, 9.0), 0.15, spread, 700)
    >>> change.n_fits, round(change.mean_score, 1)
    (2, 9.1)
    """

    label: str
    kind: str
    features: tuple[str, ...]
    dropped: tuple[str, ...]
    added: tuple[str, ...]
    scores: tuple[float, ...]
    full: tuple[float, ...]
    estimate: float
    spread: Spread
    n_rows: int
    errors: tuple[str, ...] = ()

    @property
    def n_fits(self) -> int:
        """Fits in which both the variant and the full model were trained."""
        return len(self._paired)

    @property
    def failed(self) -> int:
        """Fits in which one of them was not."""
        return len(self.scores) - self.n_fits

    @property
    def mean_score(self) -> float:
        """The metric of the variant, a mean over fits in which both were trained."""
        return float(np.mean(self._paired[:, 0])) if self.n_fits else math.nan

    @property
    def mean_full(self) -> float:
        """The metric of the full model over the same fits."""
        return float(np.mean(self._paired[:, 1])) if self.n_fits else math.nan

    @property
    def se(self) -> float:
        """Standard error of the estimate; NaN where there is none."""
        return self.spread.se if self.spread.known else math.nan

    @property
    def _paired(self) -> NDArray[np.float64]:
        both = np.column_stack([self.scores, self.full])
        return both[np.isfinite(both).all(axis=1)]


@dataclass(frozen=True)
class Verdict:
    """What is to be said of a variant of an ablation.

    Attributes
    ----------
    word : str
        "safe to drop", "hurts", "better without", "worth keeping", "not worth adding", "safe to replace", "better so",
        "cannot tell", "one fit: no interval", "no interval" or "not trained".
    pvalue, pvalue_holm : float
        Two-sided, of "changes nothing"; and adjusted for the number of variants.
    pvalue_within : float
        One-sided, of "matters by the tolerance or more", adjusted.
    fits_needed : int or None
        Fits that would probably be enough to tell; None where it can be told, or no number of fits is enough.
    rows_needed : int or None
        Test rows that would be, where fits alone are not.
    alone : str
        What would be said if it were the only variant, where that is something else.
    among : int
        Variants that p-values are adjusted for: those that have one.

    Examples
    --------
    >>> Verdict("cannot tell", fits_needed=40).claims
    False
    """

    word: str
    pvalue: float = math.nan
    pvalue_holm: float = math.nan
    pvalue_within: float = math.nan
    fits_needed: int | None = None
    rows_needed: int | None = None
    alone: str = ""
    among: int = 1

    @property
    def claims(self) -> bool:
        """Whether it says anything: bold and dark, where the others are pale."""
        return self.word not in OPEN


def judge(
    changes: Sequence[Change], greater_is_better: bool, tolerance: float, confidence_level: float = 0.95
) -> list[Verdict]:
    """Judge all variants together: Holm's adjustment over them, for differences and for their absence."""
    check_level(confidence_level)
    worse = [_worse(change, greater_is_better) for change in changes]
    differ = np.array(
        [_two_sided(change.spread, value) for change, value in zip(changes, worse, strict=True)]
    )
    within = np.array(
        [
            change.spread.above(tolerance - (-value if change.kind == "add" else value))
            for change, value in zip(changes, worse, strict=True)
        ]
    )
    differ_holm, within_holm = holm(differ), holm(within)
    words = _words(changes, worse, differ_holm, within_holm, confidence_level)
    alone = _words(changes, worse, differ, within, confidence_level)
    undecided = max(1, words.count(UNSURE))
    verdicts = []
    for place, (change, word) in enumerate(zip(changes, words, strict=True)):
        fits = rows = None
        if word == UNSURE:
            fits, rows = _needed(change, worse[place], tolerance, (1 - confidence_level) / undecided)
        verdicts.append(
            Verdict(
                word=word,
                pvalue=float(differ[place]),
                pvalue_holm=float(differ_holm[place]),
                pvalue_within=float(within_holm[place]),
                fits_needed=fits,
                rows_needed=rows,
                alone=alone[place] if alone[place] != word else "",
                among=int(np.isfinite(differ).sum()),
            )
        )
    return verdicts


def _worse(change: Change, greater_is_better: bool) -> float:
    return -change.estimate if greater_is_better else change.estimate


def _two_sided(spread: Spread, value: float) -> float:
    return (
        min(1.0, 2 * spread.above(abs(value)))
        if spread.known and value
        else (1.0 if spread.known else math.nan)
    )


def _words(
    changes: Sequence[Change],
    worse: Sequence[float],
    differ: NDArray[np.float64],
    within: NDArray[np.float64],
    confidence_level: float,
) -> list[str]:
    """Put into a word each what p-values allow to say."""
    differs = is_claimed(differ, False, confidence_level)
    # one-sided
    small = is_claimed(within, False, (1 + confidence_level) / 2)
    rows = zip(changes, worse, differs.tolist(), small.tolist(), strict=True)
    return [_word(*row) for row in rows]


def _word(change: Change, worse: float, differs: bool, small: bool) -> str:
    if not change.n_fits:
        return FAILED
    if not change.spread.known:
        return ONE_FIT if change.n_fits == 1 else NO_INTERVAL
    if change.kind == "add":
        if differs and worse > 0:
            return HURTS
        return POINTLESS if small else KEEP if differs else UNSURE
    if differs and worse < 0:
        return BETTER if change.kind == "drop" else SWAP_BETTER
    if small:
        return SAFE if change.kind == "drop" else SWAP
    return HURTS if differs else UNSURE


def _needed(change: Change, worse: float, tolerance: float, level: float) -> tuple[int | None, int | None]:
    """Fits, or fits and test rows, that tell in 80 of 100 cases if the estimate is right."""
    gain = -worse if change.kind == "add" else worse
    distance = max(abs(worse), tolerance - gain)

    def tells(n_fits: int, more_rows: float = 1.0) -> bool:
        se, df = change.spread.at(n_fits, more_rows)
        quantile = Spread("", df=df).quantile(1 - level / 2)
        return se * (quantile + POWER) <= distance

    for n_fits in range(change.n_fits, MOST_FITS + 1):
        if tells(n_fits):
            return _rounded(max(n_fits, change.n_fits + 1)), None
    enough: list[tuple[float, int, float]] = []
    n_fits = change.n_fits
    # more of both: the cheapest
    while n_fits <= MOST_FITS:
        more = 1.0
        while more < MOST_ROWS and not tells(n_fits, more):
            more *= 1.05
        if more < MOST_ROWS:
            enough.append((n_fits * more, n_fits, more))
        n_fits *= 2
    if not enough:
        return None, None
    _, n_fits, more = min(enough)
    fits = None if n_fits == change.n_fits else _rounded(n_fits)
    return fits, _rounded(math.ceil(change.n_rows * more))


def _rounded(count: int) -> int:
    """Up to two digits: it is an estimate."""
    step = 10 ** max(0, len(str(count)) - 2)
    return math.ceil(count / step) * step
