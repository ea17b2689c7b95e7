"""Sentences about changes of a metric."""

from __future__ import annotations

import math
from collections.abc import Sequence

from weighin._base.errors import listing
from weighin._base.text import printable
from weighin._display.numbers import decimals_of, write
from weighin._results import change as words
from weighin._results.change import Change, Verdict

NAMES = {
    "mae": "the average miss",
    "mse": "the mean squared error",
    "rmse": "the root mean squared error",
    "accuracy": "the accuracy",
    "error_rate": "the error rate",
    "log_loss": "the log loss",
    "loss": "the loss",
}


def sentence(
    change: Change,
    verdict: Verdict,
    *,
    metric: str,
    greater_is_better: bool,
    unit: str,
    confidence_level: float,
) -> str:
    """Say in one sentence what a variant does, how sure that is, and what follows."""
    what, name = _subject(change), NAMES.get(metric, metric)
    if verdict.word == words.FAILED:
        return f"{what}: no model could be trained ({change.errors[0] if change.errors else 'no fit'})."
    unit = f" {unit}" if unit else ""
    lower, upper = change.spread.interval(change.estimate, confidence_level)
    decimals = decimals_of(upper - lower)
    size = write(abs(change.estimate), decimals) + unit
    moved_by = write(change.estimate, decimals, sign=True) + unit
    if verdict.word in (words.ONE_FIT, words.NO_INTERVAL):
        moved = f"{what} {name} changes by {moved_by}"
        if verdict.word == words.ONE_FIT:
            return f"{moved} in one fit: no interval, and nothing is known of another fit. Take fits=10."
        return f"{moved} on average over {change.n_fits} fits: no interval for this metric on these rows."
    low, high = (write(end, decimals, sign=True) for end in (lower, upper))
    signed = f"({100 * confidence_level:g}% interval {low} to {high})"
    plain = "({} to {})".format(*(write(end, decimals) for end in sorted([abs(lower), abs(upper)])))
    worse = (change.estimate < 0) == greater_is_better
    told = {
        words.HURTS: f"{what} {name} gets worse by {size} {plain}: {_hurt(change)}",
        words.BETTER: f"{what} {name} improves by {size} {plain}: better without",
        words.KEEP: f"{what} {name} improves by {size} {plain}: worth keeping",
        words.SWAP_BETTER: f"{what} {name} improves by {size} {plain}: better so",
    }.get(verdict.word)
    if told is None or lower * upper < 0 or (verdict.word == words.HURTS and not worse):
        told = f"{what} {name} changes by {moved_by} {signed}: {verdict.word}"
    return told + _unsure(change, verdict) + "."


def _subject(change: Change) -> str:
    dropped, added = (" and ".join(map(printable, names)) for names in (change.dropped, change.added))
    if change.kind == "drop":
        shown = (
            dropped if len(change.dropped) < 4 else f"{printable(change.label)} ({listing(change.dropped)})"
        )
        return f"without {shown}"
    return f"with {added}" + (f" in place of {dropped}" if dropped else "")


def _hurt(change: Change) -> str:
    if change.kind == "drop":
        return "dropping it hurts" if len(change.dropped) == 1 else "dropping them hurts"
    return "it hurts"


def _unsure(change: Change, verdict: Verdict) -> str:
    if verdict.word != words.UNSURE:
        return ""
    said = f" with {change.n_fits} fits"
    if verdict.alone:
        said += (
            f" (alone it would count as {verdict.alone!r}; among several variants one may do so by chance)"
        )
    if verdict.rows_needed is not None:
        fits = "" if verdict.fits_needed is None else f" and {verdict.fits_needed:,} fits"
        rows = f"{verdict.rows_needed:,} test rows ({change.n_rows:,} now)"
        return f"{said}; more fits alone will not do, about {rows}{fits} would be needed"
    if verdict.fits_needed is not None:
        return f"{said}; about {verdict.fits_needed:,} would be needed"
    return f"{said}; the estimate lies too near to the limit for any number of fits or rows to tell"


def variant(change: Change) -> str:
    """Name a variant by what is done."""
    sign = {"drop": "without ", "add": "with "}.get(change.kind, "")
    return f"{sign}{printable(change.label)}"


def failures(changes: Sequence[Change]) -> list[str]:
    """Say which fits failed; none is dropped in silence."""
    return [f"{printable(change.label)}: {error}" for change in changes for error in change.errors]


def tolerance_text(tolerance: float, baseline: float, unit: str, where: str = "") -> str:
    """Say what counts as too small to matter."""
    share = (
        f" ({100 * tolerance / abs(baseline):.2g}%{where})" if baseline and math.isfinite(baseline) else ""
    )
    return f"{tolerance:.3g}{f' {unit}' if unit else ''}{share}"
