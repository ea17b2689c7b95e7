"""One variant of an ablation: what it does to the metric, the verdict, and both in a sentence."""

from __future__ import annotations

from dataclasses import dataclass

from weighin._base.errors import listing
from weighin._base.text import printable
from weighin._display.numbers import Rounded, decimals_of, interval_name, rounded, write
from weighin._results import change as words
from weighin._results.change import Change, Verdict
from weighin._results.listed import Line
from weighin._results.metric_words import CALLED


@dataclass(frozen=True, repr=False)
class AblatedVariant(Line):
    """The numbers of one variant, and the verdict on it.

    Attributes
    ----------
    measured : Change
        The changes of all fits.
    verdict : Verdict
        What follows from them at `confidence_level`, given the number of variants.
    metric, unit : str
        What was measured on held-out rows, and its unit.
    greater_is_better : bool
        Whether more of the metric is better.
    ci_lower, ci_upper, confidence_level : float
        Ends of the interval of the change, and its level.
    few_rows : bool
        Whether so few rows count that no interval holds.
    claim : str
        The verdict in words, where it claims anything; else empty.
    """

    measured: Change
    verdict: Verdict
    metric: str
    unit: str
    greater_is_better: bool
    ci_lower: float
    ci_upper: float
    confidence_level: float
    few_rows: bool = False
    claim: str = ""

    @property
    def variant(self) -> str:
        """What it is called."""
        return self.measured.label

    @property
    def change(self) -> float:
        """Metric of the variant minus that of the full model, a mean over fits."""
        return self.measured.estimate

    @property
    def name(self) -> str:
        """What is done: "without week", "with talent"."""
        return {"drop": "without ", "add": "with "}.get(self.measured.kind, "") + self.variant

    @property
    def worse_by(self) -> tuple[float, float, float]:
        """The change and its interval, positive where the metric gets worse."""
        if self.greater_is_better:
            return -self.change, -self.ci_upper, -self.ci_lower
        return self.change, self.ci_lower, self.ci_upper

    @property
    def worse(self) -> float:
        """The change, positive where the metric gets worse."""
        return self.worse_by[0]

    @property
    def number(self) -> Rounded:
        """The change and its interval as they are written."""
        return rounded(self.change, self.ci_lower, self.ci_upper, sign=True)

    def __repr__(self) -> str:
        text = self._sentence()
        return f"{text[:1].upper()}{text[1:]}"

    def _sentence(self) -> str:
        """Say what it does, how sure that is, and what follows."""
        what, word, n_fits = self._subject(), self.verdict.word, self.measured.n_fits
        metric = CALLED.get(self.metric, printable(self.metric))
        if word == words.FAILED:
            return f"{what}: no model could be trained ({printable([*self.measured.errors, 'no fit'][0])})."
        unit = f" {printable(self.unit)}" if self.unit else ""
        number, moved = self.number, f"{what} {metric} changes by {self.number.value}{unit}"
        if word == words.ONE_FIT:
            return f"{moved} in one fit: no interval, and another fit may differ. Use fits=10."
        if word == words.NO_INTERVAL:
            return f"{moved} on average over {n_fits} fits: no interval for this metric on these rows."
        plain = {
            words.HURTS: (f"{metric} gets worse by", self._hurts()),
            words.BETTER: (f"{metric} improves by", "better without"),
            words.KEEP: (f"{metric} improves by", "worth keeping"),
            words.SWAP_BETTER: (f"{metric} improves by", "better so"),
        }.get(word)
        if plain is None or not self.leaves_out_zero or (word == words.HURTS and self.worse < 0):
            interval = f"{interval_name(self.confidence_level)} {number.low} to {number.high}"
            return f"{moved} ({interval}): {word}{self._why_open()}."
        decimals = decimals_of(self.ci_upper - self.ci_lower)
        ends = sorted((abs(self.ci_lower), abs(self.ci_upper)))
        size, low, high = (write(value, decimals) for value in (abs(self.change), *ends))
        return f"{what} {plain[0]} {size}{unit} ({low} to {high}): {plain[1]}."

    def _subject(self) -> str:
        dropped, added = (
            " and ".join(map(printable, names)) for names in (self.measured.dropped, self.measured.added)
        )
        if self.measured.kind == "drop":
            many = f"{printable(self.variant)} ({listing(self.measured.dropped)})"
            return f"without {dropped if len(self.measured.dropped) < 4 else many}"
        return f"with {added}" + (f" in place of {dropped}" if dropped else "")

    def _hurts(self) -> str:
        if self.measured.kind == "drop":
            return "dropping it hurts" if len(self.measured.dropped) == 1 else "dropping them hurts"
        return "it hurts"

    def _why_open(self) -> str:
        """Say why nothing can be told, and what it would take."""
        verdict = self.verdict
        if verdict.word != words.UNSURE:
            return ""
        said = f" with {self.measured.n_fits} fits"
        chance = f"among {verdict.among} variants one may do so by chance (Holm)"
        if self.leaves_out_zero:
            said += f", although the interval leaves out 0: {chance}"
        elif verdict.alone:
            said += f", although alone it would count as {verdict.alone!r}: {chance}"
        if verdict.rows_needed is not None:
            fits = "" if verdict.fits_needed is None else f" and {verdict.fits_needed:,} fits"
            rows = f"{verdict.rows_needed:,} test rows ({self.measured.n_rows:,} now)"
            return f"{said}; more fits alone are not enough: about {rows}{fits} would be needed"
        if verdict.fits_needed is not None:
            return f"{said}; about {verdict.fits_needed:,} fits would be needed"
        return f"{said}; the estimate is too close to the limit for any number of fits or rows to decide"
