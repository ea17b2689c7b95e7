"""The charts of an importance."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.checks import check_plot
from weighin._base.errors import InputError, nearest
from weighin._base.optional import require
from weighin._base.text import ARROWS
from weighin._display import charts
from weighin._display.numbers import percent, rounded
from weighin._results.importance_numbers import ImportanceNumbers
from weighin._results.importance_telling import TITLE, about, axis_label, heading, unclear

KINDS = ("bars", "shuffles", "segments")
STYLES = ("article",)


@dataclass(frozen=True)
class ChartOptions:
    """What `Importance.plot` was asked for, but for the metric."""

    kind: str
    ax: Any
    limit: int
    relative: bool
    style: str | None
    title: str | None

    def check(self, numbers: ImportanceNumbers) -> None:
        """Raise unless the chart can be drawn.

        Raises
        ------
        InputError
            Naming what is in the way.
        """
        if self.kind not in KINDS:
            choices = ", ".join(map(repr, KINDS))
            raise InputError(
                f"kind must be one of {choices}, got {self.kind!r}.{nearest(str(self.kind), KINDS)}"
            )
        if self.style not in (None, *STYLES):
            raise InputError(f"style must be None or 'article', got {self.style!r}.")
        if self.style and self.kind != "bars":
            raise InputError(f"style={self.style!r} is for kind='bars', got kind={self.kind!r}.")
        check_plot(self.ax, self.limit, self.title)
        if self.relative and numbers.baseline == 0:
            raise InputError("relative=True is not defined: the baseline is 0. Use relative=False.")
        if self.kind == "segments" and not numbers.segments:
            raise InputError("kind='segments' needs a result with segments: weigh(..., by='year').")


def draw(numbers: ImportanceNumbers, options: ChartOptions) -> Any:
    """Draw what weighs how much, the heaviest on top; see `Importance.plot`."""
    options.check(numbers)
    order = numbers.order[: options.limit]
    left_out = len(numbers.features) - len(order)
    usual = TITLE + (f", by {numbers.by}" if options.kind == "segments" else "")
    texts = {
        "title": heading(numbers, options.title or usual),
        "subtitle": about(numbers) + (f" {left_out} more features not shown." if left_out else ""),
        "xlabel": axis_label(numbers) + (", in parts of the baseline" if options.relative else ""),
        "percent": options.relative,
        "ax": options.ax,
    }
    if options.style == "article":
        return _article(numbers, order, options, texts)
    if options.kind == "segments":
        return _segments(numbers, order, options.relative, texts)
    if options.kind == "shuffles":
        texts["subtitle"] += " A dot is one shuffle, a box the middle half: the noise of shuffling alone."
        names = [numbers.features[i] for i in order]
        return charts.shuffles(names, numbers.importances[order] * _scale(numbers, options.relative), **texts)
    return _bars(numbers, order, options.relative, texts)


def of_metric(numbers: ImportanceNumbers, metric: str) -> Any:
    """Give the result for another metric, with its own segments."""
    segments = [part for part in numbers.parts if part.metric == metric and part.segment is not None]
    return replace(numbers.of(metric), parts=tuple(segments))


def _scale(numbers: ImportanceNumbers, relative: bool) -> float:
    return 1.0 / abs(numbers.baseline) if relative else 1.0


def _written(value: float, low: float, high: float, relative: bool) -> str:
    return percent(value, low, high) if relative else rounded(value, low, high).value


def _bars(numbers: ImportanceNumbers, order: NDArray[np.int64], relative: bool, texts: dict[str, Any]) -> Any:
    scale = _scale(numbers, relative)
    signs = [ARROWS.get(numbers.directions.get(numbers.features[i], ""), "") for i in order]
    if any(signs):
        texts["subtitle"] += " Arrows: which way predictions go as the feature grows."
    values = numbers.importances_mean[order] * scale
    lower, upper = (end[order] for end in (numbers.relative_interval() if relative else numbers.interval()))
    interval = None
    if numbers.claims() is not None:
        few = numbers.few_rows[order]
        lower, upper = np.where(few, np.nan, lower), np.where(few, np.nan, upper)
        interval = (lower, upper)
        taken = ", the baseline taken as known" if relative and not numbers.baseline_errs else ""
        texts["subtitle"] += (
            f" Whiskers: 95% intervals{taken}. Pale: cannot be told apart from 0, given the number of features."
        )
    return charts.bars(
        [numbers.features[i] for i in order],
        values,
        singles=numbers.importances[order] * scale,
        interval=interval,
        unsure=None if interval is None else unclear(numbers)[order],
        labels=[_written(*ends, relative) for ends in zip(values, lower, upper, strict=True)],
        arrows=signs,
        **texts,
    )


def _article(
    numbers: ImportanceNumbers, order: NDArray[np.int64], options: ChartOptions, texts: dict[str, Any]
) -> Any:
    pd = require("pandas", "fastai", "draw the article's chart")
    values = numbers.importances_mean[order] * _scale(numbers, options.relative)
    frame = pd.DataFrame(
        {"feature": [numbers.features[i] for i in order], "importance": np.nan_to_num(values)}
    )
    where = {} if options.ax is None else {"ax": options.ax, "figsize": None}
    ax = charts.article_bars(frame, limit=len(order), asc=False, absolute=False, **where)
    if numbers.simulated or not numbers.complete:
        ax.set_title(charts.literal(texts["title"]))
    return ax


def _segments(
    numbers: ImportanceNumbers, order: NDArray[np.int64], relative: bool, texts: dict[str, Any]
) -> Any:
    parts = [numbers.of(numbers.metric, segment) for segment in numbers.segments]
    values = np.stack([(part.relative if relative else part.importances_mean)[order] for part in parts], 1)
    ends = [part.relative_interval() if relative else part.interval() for part in parts]
    labels = [
        [
            _written(float(values[row, place]), float(lower[i]), float(upper[i]), relative)
            for place, (lower, upper) in enumerate(ends)
        ]
        for row, i in enumerate(order)
    ]
    texts["subtitle"] += " Slanted numbers cannot be told apart from 0, given the number of features."
    return charts.heatmap(
        [numbers.features[i] for i in order],
        [str(segment) for segment in numbers.segments],
        values,
        labels=labels,
        unsure=np.stack([unclear(part)[order] for part in parts], 1),
        **texts,
    )
