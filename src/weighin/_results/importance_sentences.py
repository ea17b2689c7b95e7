"""What an importance says, in sentences."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from weighin._base.text import in_a_row, printable
from weighin._display.numbers import decimals_of, interval_name, write
from weighin._results.given_feature import alike
from weighin._results.importance_numbers import ImportanceNumbers
from weighin._results.listed import few_rows_text
from weighin._results.metric_words import CALLED, FROM_TO, IN_UNITS, SHARES

# parts of the largest importance: the model barely uses what weighs less
BARELY = 0.05
# listed before "and 3 more"
MOST_NAMES = 5
Name = Callable[[str], str]


def quoted(name: str) -> str:
    """Mark a name for a page."""
    return f"`{name}`"


def sentences(
    numbers: ImportanceNumbers, limit: int = 2, name: Name = quoted, confidence_level: float = 0.95
) -> list[str]:
    """Say what was found, the heaviest first; the first sentence is the headline.

    `limit`: features told of one by one. `name`: writes the name of a feature. `confidence_level`: of the intervals,
    and of what is claimed.
    """
    words = Words(numbers, name, confidence_level)
    if not words.measured:
        return [f"No importance could be measured: {numbers.metric} is not a number on these rows."]
    heavy = words.heavy
    findings = [words.of_one(place) for place in heavy[:1]]
    findings += [
        f"{'Next comes' if rank == 0 else 'Then'} {name(numbers.features[place])}: {words.amount(place)}."
        for rank, place in enumerate(heavy[1:limit])
    ]
    if len(heavy) > limit:
        findings.append(f"{words.names(heavy[limit:])} weigh{'s' * (len(heavy) == limit + 1)} less.")
    harm = words.of_harm()
    if not findings and harm:
        # what is claimed comes first
        return [*harm, *words.of_the_others(alone=False)]
    return [*(findings or words.without_findings()), *words.of_the_others(alone=not findings), *harm]


def baseline_sentence(numbers: ImportanceNumbers) -> list[str]:
    """Say what the metric was before any shuffle, where that is a number."""
    if not math.isfinite(numbers.baseline) or numbers.metric == "prediction_change":
        return []
    value = numbers.baseline
    written = f"{write(100 * value, 1)}%" if numbers.metric in SHARES else write(value, digits=4)
    return [
        f"Before any shuffle {CALLED.get(numbers.metric, numbers.metric)} is {written}, on {which_rows(numbers)}."
    ]


def headline(numbers: ImportanceNumbers, confidence_level: float = 0.95) -> str:
    """Say from what to what the heaviest feature takes the metric; nothing where nothing is claimed to weigh anything.

    `numbers`: of features shuffled in one way. `confidence_level`: of what is claimed.
    """
    words, metric = Words(numbers, printable, confidence_level), numbers.metric
    ends = [numbers.baseline]
    if words.heavy and metric != "prediction_change":
        worse = float(numbers.importances_mean[words.heavy[0]])
        ends.append(numbers.baseline + (-worse if numbers.greater_is_better else worse))
    if len(ends) < 2 or not all(map(math.isfinite, ends)):
        return ""
    first = words.heavy[0]
    decimals = decimals_of(words.scale * float(words.upper[first] - words.lower[first]))
    if decimals is not None:
        # what was measured without a shuffle is known better
        decimals = max(decimals, 1 - math.floor(math.log10(words.scale * abs(ends[0]))) if ends[0] else 0)
    before, after = (
        write(words.scale * value, decimals, digits=4) + "%" * (words.scale > 1) for value in ends
    )
    called = CALLED.get(metric, printable(metric))
    text, then = FROM_TO.get(metric, (f"{called[:1].upper()}{called[1:]} is {{}}", "{}"))
    unit = f" {printable(numbers.unit)}" if numbers.unit and metric in IN_UNITS else ""
    name, among = printable(numbers.features[first]), alike(numbers.given)
    return f"{text.format(before + unit)}; with {name} shuffled{among}, {then.format(after)}."


def which_rows(numbers: ImportanceNumbers) -> str:
    """Say which rows were measured."""
    rows = numbers.rows or f"{numbers.n_rows:,} rows"
    if numbers.segment is not None:
        rows = f"{numbers.n_rows:,} of {rows}, those of {numbers.by} {numbers.segment}"
    return printable(rows)


class Words:
    """Numbers of a result in the words of its metric."""

    def __init__(self, numbers: ImportanceNumbers, name: Name, confidence_level: float) -> None:
        self.numbers, self.name, self.level = numbers, name, confidence_level
        self.lower, self.upper = numbers.interval(confidence_level)
        self.scale = 100 if numbers.metric in SHARES else 1
        mean = numbers.importances_mean
        claims, ignored = numbers._claims(confidence_level), numbers.ignored
        order = [int(place) for place in numbers.order]
        self.measured = [place for place in order if math.isfinite(mean[place])]
        self.unread = [place for place in self.measured if ignored[place]]
        moved: NDArray[np.bool_] = np.any(numbers.importances != 0, axis=1)
        self.still = [place for place in self.measured if not ignored[place] and not moved[place]]
        self.few = [
            place
            for place in self.measured
            if numbers.few_rows[place] and moved[place] and not ignored[place]
        ]
        rest = [place for place in self.measured if place not in {*self.unread, *self.still, *self.few}]
        if claims is None:
            self.heavy = [place for place in rest if mean[place] > 0]
            self.harmful: list[int] = []
            self.unclear = []
        else:
            self.heavy = [place for place in rest if claims.heavier[place]]
            self.harmful = [place for place in rest if claims.harmful[place]]
            self.unclear = [place for place in rest if not claims.any[place]]
        self.top = max((abs(float(mean[place])) for place in rest), default=0.0)

    def without_findings(self) -> list[str]:
        """Headline where nothing is claimed to weigh anything."""
        if self.few and len(self.few) >= len(self.unclear):
            return ["Too few rows count here to say what this model weighs."]
        if self.unclear:
            return [
                "No feature can be told apart from zero: beside the others, this model may barely use any of them."
            ]
        return ["This model barely uses any one of these features beside the others."]

    def of_one(self, place: int) -> str:
        """A sentence on one feature that weighs something."""
        who, amount = self.name(self.numbers.features[place]), self.amount(place)
        metric, size = self.numbers.metric, self._size(place)
        called = CALLED.get(metric, metric)
        if metric == "prediction_change":
            return f"Shuffling {who} moves the prediction by {amount}."
        if self.scale > 1:
            way = "lowers" if self.numbers.greater_is_better else "raises"
            return f"Shuffling {who} {way} {called} by {amount}."
        return f"Shuffling {who} makes {called} {size} worse{amount.removeprefix(size)}."

    def of_the_others(self, *, alone: bool) -> list[str]:
        """Sentences on features of which nothing is claimed; `alone` where there are no findings."""
        said = []
        barely = [place for place in self.unclear if self.upper[place] <= BARELY * self.top]
        open_ = [place for place in self.unclear if place not in barely]
        if barely and not alone:
            they = "it" if len(barely) == 1 else "they"
            said.append(
                f"Beside the other columns, this model barely uses {self.names(barely)}: {they} cannot be told apart "
                "from zero."
            )
        if open_ and not alone:
            said.append(
                f"{self.names(open_)} cannot be told apart from zero on these rows: beside the other columns, this "
                "model may barely use " + ("it." if len(open_) == 1 else "them.")
            )
        chance = [place for place in self.unclear if self.lower[place] > 0 or self.upper[place] < 0]
        if chance:
            its = "its interval leaves" if len(chance) == 1 else "their intervals leave"
            said.append(
                f"Nothing is claimed of {self.names(chance)} although {its} out 0: among "
                f"{len(self.measured)} features, one may do so by chance."
            )
        return [*said, *self.of_the_unmoved()]

    def of_the_unmoved(self) -> list[str]:
        """Sentences on features that have no interval, or none that says anything."""
        said = []
        called = CALLED.get(self.numbers.metric, self.numbers.metric)
        if self.few:
            said.append(few_rows_text(self.names(self.few)))
        if self.still:
            said.append(f"No shuffle of {self.names(self.still)} changed {called} at all.")
        if self.unread:
            said.append(f"This model does not read {self.names(self.unread)}.")
        return said

    def of_harm(self) -> list[str]:
        """A sentence on the features that the model is surely better without, if there are any."""
        if not self.harmful:
            return []
        return [
            f"Shuffling {self.names(self.harmful)} makes the model better on these rows: what it learned there "
            "does not hold here."
        ]

    def amount(self, place: int) -> str:
        """Write a number to the digits its interval leaves, and the interval."""
        low, high = (self.scale * float(end[place]) for end in (self.lower, self.upper))
        size = self._size(place)
        size += f" percentage point{'s' * (size != '1')}" if self.scale > 1 else ""
        if not (math.isfinite(low) and math.isfinite(high) and high > low):
            return size
        decimals = decimals_of(high - low)
        return f"{size} ({interval_name(self.level)} {write(low, decimals)} to {write(high, decimals)})"

    def names(self, places: Sequence[int]) -> str:
        """List features, not too many."""
        shown = len(places) if len(places) <= MOST_NAMES else MOST_NAMES - 1
        written = [self.name(self.numbers.features[place]) for place in places[:shown]]
        if len(places) > shown:
            written.append(f"{len(places) - shown} more")
        return in_a_row(written)

    def _size(self, place: int) -> str:
        width = self.scale * float(self.upper[place] - self.lower[place])
        return write(self.scale * float(self.numbers.importances_mean[place]), decimals_of(width))
