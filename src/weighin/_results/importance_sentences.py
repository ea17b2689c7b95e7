"""What a result says, in sentences: for the page and for `Importance.summary`. Knows results by their attributes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from weighin._base.text import printable

BARELY = 0.05  # of the largest importance: the model barely uses what weighs less
MOST_NAMES = 5  # listed before "and 3 more"
# what a metric is, for people; others go by their name
CALLED = {
    "mae": "the average miss",
    "mean_absolute_error": "the average miss",
    "rmse": "the root mean squared miss",
    "root_mean_squared_error": "the root mean squared miss",
    "mse": "the mean squared miss",
    "mean_squared_error": "the mean squared miss",
    "median_absolute_error": "the median miss",
    "log_loss": "the log loss",
    "r2": "R2",
    "r2_score": "R2",
    "roc_auc": "the area under the ROC curve",
    "roc_auc_score": "the area under the ROC curve",
    "f1": "F1",
    "f1_score": "F1",
    "error_rate": "the error rate",
}
SHARES = ("accuracy", "accuracy_score", "error_rate", "balanced_accuracy", "balanced_accuracy_score")

Name = Callable[[str], str]


def quoted(name: str) -> str:
    """Mark a name for a page."""
    return f"`{name}`"


def sentences(imp: Any, limit: int = 2, name: Name = quoted, confidence_level: float = 0.95) -> list[str]:
    """Say what was found, the heaviest first; the first sentence is the headline.

    Parameters
    ----------
    imp : Importance
    limit : int
        Features told of one by one.
    name : callable
        Writes the name of a feature.
    confidence_level : float
        Of the intervals.
    """
    telling = _Telling(imp, name, confidence_level)
    if not telling.known:
        return [f"No importance could be measured: {imp.metric} is not a number on these rows."]
    heavy = telling.heavy
    said = [telling.of_one(i) for i in heavy[:1]]
    said += [
        f"{'Next comes' if place == 0 else 'Then'} {name(imp.features[i])}: {telling.amount(i)}."
        for place, i in enumerate(heavy[1:limit])
    ]
    if len(heavy) > limit:
        said.append(f"{telling.names(heavy[limit:])} weigh{'s' * (len(heavy) == limit + 1)} less.")
    if not said:
        said = ["This model barely uses any one of these features, given the others."]
        if telling.unsure:
            said = [
                "No feature can be told apart from zero: given the others, this model may barely use any of them."
            ]
        return said + telling.of_the_unsure(alone=True)
    return said + telling.of_the_unsure(alone=False)


def summary(imp: Any, limit: int, confidence_level: float) -> list[str]:
    """Say all of it: sentences, and what a reader must know before believing them."""
    said = ["SIMULATED DATA: none of this is about the world."] if imp.simulated else []
    if math.isfinite(imp.baseline) and imp.metric != "prediction_change":
        called = CALLED.get(imp.metric, imp.metric)
        where = imp.rows or f"{imp.n_rows:,} rows"
        said.append(
            f"Before any shuffle {called} is {_plain(imp.metric, imp.baseline)}, on {printable(where)}."
        )
    said += sentences(imp, limit, printable, confidence_level)
    if imp.on_training_rows:
        said.append(
            "The model was trained on some of these rows: it may rely on noise it memorised, and weigh columns that "
            "would not help it on others."
        )
    if imp.n_repeats and imp._judged is None:
        said.append(f"{imp.metric} has no intervals here: what is small may be noise.")
    return [*said, *imp._remarks(), *map(printable, imp.notes)]


def _plain(metric: str, value: float) -> str:
    return f"{100 * value:.1f} %" if metric in SHARES else f"{value:.4g}"


class _Telling:
    """Numbers of a result in the words of its metric."""

    def __init__(self, imp: Any, name: Name, confidence_level: float) -> None:
        self.imp, self.name, self.level = imp, name, confidence_level
        self.lower, self.upper = imp.interval(confidence_level)
        self.scale = 100 if imp.metric in SHARES else 1
        mean = imp.importances_mean
        few = imp._from_judged("few_rows") == 1  # nothing can be said of these
        self.known = [i for i in imp._order() if math.isfinite(mean[i])]
        self.unread = [i for i in self.known if imp.kernels.get(imp.features[i]) == "ignored"]
        self.still = [i for i in self.known if i not in self.unread and not imp.importances[i].any()]
        told = [i for i in self.known if not few[i] and i not in self.unread + self.still]
        self.unsure = [i for i in told if self.lower[i] <= 0 <= self.upper[i]]
        self.heavy = [i for i in told if mean[i] > 0 and i not in self.unsure]
        self.harmful = [i for i in told if self.upper[i] < 0]
        self.top = max((abs(float(mean[i])) for i in told), default=0.0)

    def of_one(self, i: int) -> str:
        """A sentence on one feature that weighs something."""
        who, amount = self.name(self.imp.features[i]), self.amount(i)
        metric, size = self.imp.metric, self._size(i)
        called = CALLED.get(metric, metric)
        if metric == "prediction_change":
            return f"Shuffling {who} moves the prediction by {amount}."
        if self.scale > 1:
            way = "lowers" if self.imp.greater_is_better else "raises"
            return f"Shuffling {who} {way} {called} by {amount}."
        return f"Shuffling {who} makes {called} {size} worse{amount.removeprefix(size)}."

    def of_the_unsure(self, *, alone: bool) -> list[str]:
        """Sentences on features that cannot be told apart from zero, or harm."""
        said = []
        barely = [i for i in self.unsure if self.upper[i] <= BARELY * self.top]
        open_ = [i for i in self.unsure if i not in barely]
        if barely and not alone:
            they = "it" if len(barely) == 1 else "they"
            said.append(
                f"Given the other columns, this model barely uses {self.names(barely)}: {they} cannot be told apart "
                "from zero."
            )
        if open_ and not alone:
            said.append(
                f"{self.names(open_)} cannot be told apart from zero on these rows: given the other columns, this "
                "model may barely use " + ("it." if len(open_) == 1 else "them.")
            )
        if self.still:
            said.append(
                f"No shuffle of {self.names(self.still)} changed {CALLED.get(self.imp.metric, self.imp.metric)} at all."
            )
        if self.unread:
            said.append(f"This model does not read {self.names(self.unread)}.")
        if self.harmful:
            said.append(
                f"Shuffling {self.names(self.harmful)} makes the model better on these rows: what it learned there "
                "does not hold here."
            )
        return said

    def amount(self, i: int) -> str:
        """Write a number to the digits its interval leaves, and the interval."""
        low, high = (self.scale * float(end[i]) for end in (self.lower, self.upper))
        size = self._size(i)
        size += f" percentage point{'s' * (size != '1')}" if self.scale > 1 else ""
        if not (math.isfinite(low) and math.isfinite(high) and high > low):
            return size
        return f"{size} ({100 * self.level:g} % interval {self._number(low, i)} to {self._number(high, i)})"

    def names(self, places: Sequence[int]) -> str:
        """List features, not too many."""
        shown = len(places) if len(places) <= MOST_NAMES else MOST_NAMES - 1
        written = [self.name(self.imp.features[i]) for i in places[:shown]]
        if len(places) > shown:
            written.append(f"{len(places) - shown} more")
        return written[0] if len(written) == 1 else f"{', '.join(written[:-1])} and {written[-1]}"

    def _size(self, i: int) -> str:
        return self._number(self.scale * float(self.imp.importances_mean[i]), i)

    def _number(self, value: float, i: int) -> str:
        """As many decimals as the width of the feature's interval bears."""
        width = self.scale * float(self.upper[i] - self.lower[i])
        if not (math.isfinite(width) and width > 0):
            return f"{value:.3g}"
        decimals = max(0, -math.floor(math.log10(width / 2 * 0.6)))
        if decimals > 7 or abs(value) >= 1e9:
            return f"{value:.3g}"
        return f"{value:z,.{decimals}f}"
