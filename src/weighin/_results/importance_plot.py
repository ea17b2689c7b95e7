"""What `Importance.plot` draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.checks import check_level, check_plot
from weighin._base.errors import InputError, nearest
from weighin._base.optional import require
from weighin._display import charts
from weighin._results.given_chart import dumbbell
from weighin._results.importance_charts import bars, scale_of, segments, shuffles
from weighin._results.importance_numbers import ImportanceNumbers
from weighin._results.importance_words import TITLE, heading

KINDS = ("bars", "given", "shuffles", "segments")
STYLES = ("article",)


@dataclass(frozen=True)
class ChartOptions:
    """What `Importance.plot` was asked for, but for the metric."""

    kind: str | None
    ax: Any
    limit: int
    relative: bool
    style: str | None
    title: str | None
    level: float

    def check(self, numbers: ImportanceNumbers) -> None:
        """Raise InputError, naming what is in the way, unless the chart can be drawn."""
        if self.kind not in (None, *KINDS):
            choices = ", ".join(map(repr, KINDS))
            raise InputError(
                f"kind must be one of {choices}, got {self.kind!r}.{nearest(str(self.kind), KINDS)}"
            )
        if self.style not in (None, *STYLES):
            raise InputError(f"style must be None or 'article', got {self.style!r}.")
        if self.style and self.kind not in (None, "bars"):
            raise InputError(f"style={self.style!r} is for kind='bars', got kind={self.kind!r}.")
        check_plot(self.ax, self.limit, self.title)
        check_level(self.level)
        if self.relative and numbers.baseline == 0:
            raise InputError("relative=True is not defined: the baseline is 0. Use relative=False.")
        if self.kind == "segments" and not numbers.segments:
            raise InputError("kind='segments' needs a result with segments: weigh(..., by='year').")
        if self.kind == "given" and len(numbers.givens) < 2:
            raise InputError(
                "kind='given' needs features shuffled in two ways: weigh(..., given=[None, 'rest'])."
            )


def draw(numbers: ImportanceNumbers, options: ChartOptions) -> Any:
    """Draw what weighs how much, the heaviest on top; see `Importance.plot`."""
    options.check(numbers)
    order, relative = numbers.order[: options.limit], options.relative
    if options.style == "article":
        return _article(numbers, order, options)
    make: dict[str, Callable[..., charts.Chart]]
    make = {"bars": bars, "given": dumbbell, "shuffles": shuffles, "segments": segments}
    usual = "given" if len(numbers.givens) > 1 else "bars"
    chart = make[options.kind or usual](numbers, order, relative=relative, level=options.level)
    left_out = len(numbers.features) - len(order)
    return charts.draw(
        replace(
            chart,
            title=chart.title if options.title is None else heading(numbers, options.title),
            subtitle=chart.subtitle + (f" {left_out} more features not shown." if left_out else ""),
        ),
        options.ax,
    )


def _article(numbers: ImportanceNumbers, order: NDArray[np.int64], options: ChartOptions) -> Any:
    pd = require("pandas", "fastai", "draw the article's chart")
    values = numbers.importances_mean[order] * scale_of(numbers, options.relative)
    names = [numbers.features[i] for i in order]
    frame = pd.DataFrame({"feature": names, "importance": np.nan_to_num(values)})
    where = {} if options.ax is None else {"ax": options.ax, "figsize": None}
    ax = charts.article_bars(frame, limit=len(order), asc=False, absolute=False, **where)
    if numbers.simulated or not numbers.complete:
        ax.set_title(charts.literal(heading(numbers, options.title or TITLE)))
    return ax
