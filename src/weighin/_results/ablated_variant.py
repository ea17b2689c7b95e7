"""One variant of an ablation: what it does to the metric, the verdict, and both in a sentence."""

from __future__ import annotations

from dataclasses import dataclass

from weighin._base.errors import listing
from weighin._base.text import printable
from weighin._display.numbers import Rounded, decimals_of, rounded, write
from weighin._results import change as words
from weighin._results.change import Verdict

# what a metric is, for people; others go by their name
CALLED = {
    "mae": "the average miss",
    "mse": "the mean squared error",
    "rmse": "the root mean squared error",
    "accuracy": "the accuracy",
    "error_rate": "the error rate",
    "log_loss": "the log loss",
    "loss": "the loss",
}


@dataclass(frozen=True, repr=False)
class AblatedVariant:
    """The numbers of one variant.

    Attributes
    ----------
    variant : str
        What it is called.
    kind : str
        "drop", "add" or "replace".
    dropped, added : tuple of str
        How its features differ from those of the full model.
    metric, unit : str
        What was measured, and its unit.
    greater_is_better : bool
        Direction of the metric.
    change : float
        Metric of the variant minus that of the full model, a mean over fits.
    se, ci_lower, ci_upper : float
        Standard error of the change, and ends of its interval; NaN where there is none.
    confidence_level : float
        Of the interval, and of the verdict.
    n_fits, n_rows : int
        Fits in which both were trained, and rows that each was tested on.
    errors : tuple of str
        Fits that failed, and why.
    verdict : Verdict
        What is to be said of it.
    """

    variant: str
    kind: str
    dropped: tuple[str, ...]
    added: tuple[str, ...]
    metric: str
    unit: str
    greater_is_better: bool
    change: float
    se: float
    ci_lower: float
    ci_upper: float
    confidence_level: float
    n_fits: int
    n_rows: int
    errors: tuple[str, ...]
    verdict: Verdict

    @property
    def name(self) -> str:
        """What is done: "without week", "with talent"."""
        return {"drop": "without ", "add": "with "}.get(self.kind, "") + self.variant

    @property
    def worse_by(self) -> tuple[float, float, float]:
        """The change and its interval, positive where the metric gets worse."""
        if self.greater_is_better:
            return -self.change, -self.ci_upper, -self.ci_lower
        return self.change, self.ci_lower, self.ci_upper

    @property
    def number(self) -> Rounded:
        """The change and its interval as they are written."""
        return rounded(self.change, self.ci_lower, self.ci_upper, sign=True)

    @property
    def leaves_out_zero(self) -> bool:
        """Whether the interval alone, without an eye to the other variants, shows a change."""
        return self.ci_lower > 0 or self.ci_upper < 0

    def __repr__(self) -> str:
        text = self._sentence()
        return f"{text[:1].upper()}{text[1:]}"

    def _sentence(self) -> str:
        """Say what it does, how sure that is, and what follows."""
        what, metric, word = (
            self._subject(),
            CALLED.get(self.metric, printable(self.metric)),
            self.verdict.word,
        )
        if word == words.FAILED:
            return f"{what}: no model could be trained ({printable(self.errors[0]) if self.errors else 'no fit'})."
        unit = f" {printable(self.unit)}" if self.unit else ""
        number, moved = self.number, f"{what} {metric} changes by {self.number.value}{unit}"
        if word == words.ONE_FIT:
            return f"{moved} in one fit: no interval, and nothing is known of another fit. Take fits=10."
        if word == words.NO_INTERVAL:
            return f"{moved} on average over {self.n_fits} fits: no interval for this metric on these rows."
        worse, *_ = self.worse_by
        plain = {
            words.HURTS: (f"{metric} gets worse by", self._hurts()),
            words.BETTER: (f"{metric} improves by", "better without"),
            words.KEEP: (f"{metric} improves by", "worth keeping"),
            words.SWAP_BETTER: (f"{metric} improves by", "better so"),
        }.get(word)
        if plain is None or not self.leaves_out_zero or (word == words.HURTS and worse < 0):
            interval = f"{100 * self.confidence_level:g}% interval {number.low} to {number.high}"
            return f"{moved} ({interval}): {word}{self._why_open()}."
        decimals = decimals_of(self.ci_upper - self.ci_lower)
        ends = sorted((abs(self.ci_lower), abs(self.ci_upper)))
        size, low, high = (write(value, decimals) for value in (abs(self.change), *ends))
        return f"{what} {plain[0]} {size}{unit} ({low} to {high}): {plain[1]}."

    def _subject(self) -> str:
        dropped, added = (" and ".join(map(printable, names)) for names in (self.dropped, self.added))
        if self.kind == "drop":
            many = f"{printable(self.variant)} ({listing(self.dropped)})"
            return f"without {dropped if len(self.dropped) < 4 else many}"
        return f"with {added}" + (f" in place of {dropped}" if dropped else "")

    def _hurts(self) -> str:
        if self.kind == "drop":
            return "dropping it hurts" if len(self.dropped) == 1 else "dropping them hurts"
        return "it hurts"

    def _why_open(self) -> str:
        """Say why nothing can be told, and what it would take."""
        verdict = self.verdict
        if verdict.word != words.UNSURE:
            return ""
        said = f" with {self.n_fits} fits"
        chance = f"among {verdict.among} variants one may do so by chance (Holm)"
        if self.leaves_out_zero:
            said += f", although the interval leaves out 0: {chance}"
        elif verdict.alone:
            said += f", although alone it would count as {verdict.alone!r}: {chance}"
        if verdict.rows_needed is not None:
            fits = "" if verdict.fits_needed is None else f" and {verdict.fits_needed:,} fits"
            rows = f"{verdict.rows_needed:,} test rows ({self.n_rows:,} now)"
            return f"{said}; more fits alone will not do, about {rows}{fits} would be needed"
        if verdict.fits_needed is not None:
            return f"{said}; about {verdict.fits_needed:,} fits would be needed"
        return f"{said}; the estimate lies too near to the limit for any number of fits or rows to tell"
