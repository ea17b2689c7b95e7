"""The charts of a result."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError
from weighin._base.optional import require
from weighin._base.text import formatter, percent
from weighin._display import charts as _plots
from weighin._results.importance_words import Told

KINDS = ("bars", "shuffles", "segments")
STYLES = ("article",)


class Drawn(Told):
    """What a result draws of itself."""

    def plot(
        self,
        kind: Literal["bars", "shuffles", "segments"] = "bars",
        *,
        metric: str | None = None,
        ax: Any = None,
        limit: int = 20,
        relative: bool = False,
        style: Literal["article"] | None = None,
        title: str | None = None,
    ) -> Any:
        """Draw what weighs how much, the heaviest on top.

        Parameters
        ----------
        kind : {"bars", "shuffles", "segments"}
            Bars with whiskers for the 95 % interval, pale where it holds 0 (for a metric without intervals, marks
            show the single shuffles); a dot for every single shuffle; or a table of colours, features by segments,
            for ``weigh(..., by=...)``.
        metric : str, optional
            Which one, of a result with several; the first by default.
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default. It is never shown: call ``plt.show()`` outside a notebook. Colours
            suit the ground, light or dark.
        limit : int
            At most so many features.
        relative : bool
            In parts of the baseline instead of units of the metric.
        style : "article", optional
            Bars as the article drew them: 20 x 10 inches in fivethirtyeight's style, names cut at 25 characters, no
            whiskers.
        title : str, optional
            Instead of the usual one.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        InputError
            On arguments it does not know, or a chart that this result has no numbers for.
        """
        if metric not in (None, self.metric):
            others = self._of_metric(str(metric))
            return others.plot(kind, ax=ax, limit=limit, relative=relative, style=style, title=title)
        self._check_plot(kind, limit, relative, style)
        order = self._order()[:limit]
        left_out = len(self.features) - len(order)
        usual = "What the model weighs" + (f", by {self.by}" if kind == "segments" else "")
        texts = {
            "title": self._marked(title or usual),
            "subtitle": self._about() + (f" {left_out} more features not shown." if left_out else ""),
            "xlabel": self._axis() + (", in parts of the baseline" if relative else ""),
            "percent": relative,
            "ax": ax,
        }
        scale = 1.0 / abs(self.baseline) if relative else 1.0
        if style == "article":
            return self._article(order, scale, texts)
        if kind == "segments":
            return self._segments(order, relative, texts)
        names, singles = [self.features[i] for i in order], self.importances[order] * scale
        if kind == "shuffles":
            texts["subtitle"] += " A dot is one shuffle, a box the middle half: the noise of shuffling alone."
            return _plots.shuffles(names, singles, **texts)
        signs = [self._sign(name) for name in names]
        if any(signs):
            texts["subtitle"] += " Arrows: which way predictions go as the feature grows."
        values = self.importances_mean[order] * scale
        number = percent if relative else formatter(values)
        interval = unsure = None
        if self._judged is not None:
            lower, upper = self.relative_interval() if relative else self.interval()
            interval, unsure = (lower[order], upper[order]), self._unsure[order]
            taken = ", the baseline taken as known" if relative and not self._baseline_errs else ""
            texts["subtitle"] += f" Whiskers: 95 % intervals{taken}. Pale: cannot be told apart from 0."
        return _plots.bars(
            names,
            values,
            singles=singles,
            interval=interval,
            unsure=unsure,
            labels=[number(value) for value in values],
            arrows=signs,
            **texts,
        )

    def _of_metric(self, metric: str) -> Any:
        """The result for another metric, with its own segments."""
        segments = [part for part in self.parts if part.metric == metric and part.segment is not None]
        main: Any = self.of(metric)
        return replace(main, parts=tuple(segments))

    def _check_plot(self, kind: str, limit: int, relative: bool, style: str | None) -> None:
        if kind not in KINDS:
            raise InputError(f"kind must be one of {', '.join(map(repr, KINDS))}, got {kind!r}.")
        if style not in (None, *STYLES):
            raise InputError(f"style must be None or 'article', got {style!r}.")
        if style and kind != "bars":
            raise InputError(f"style={style!r} is for kind='bars', got kind={kind!r}.")
        if limit < 1:
            raise InputError(f"limit must be an integer >= 1, got {limit!r}.")
        if relative and self.baseline == 0:
            raise InputError("relative=True is not defined: the baseline is 0. Use relative=False.")
        if kind == "segments" and not self.segments:
            raise InputError("kind='segments' needs a result with segments: weigh(..., by='year').")

    def _article(self, order: NDArray[np.int64], scale: float, texts: dict[str, Any]) -> Any:
        pd = require("pandas", "fastai", "draw the article's chart")
        names, values = [self.features[i] for i in order], self.importances_mean[order] * scale
        frame = pd.DataFrame({"feature": names, "importance": np.nan_to_num(values)})
        where = {} if texts["ax"] is None else {"ax": texts["ax"], "figsize": None}
        ax = _plots.article_bars(frame, limit=len(order), asc=False, absolute=False, **where)
        if self.simulated or not self.complete:
            ax.set_title(_plots.literal(texts["title"]))
        return ax

    def _segments(self, order: NDArray[np.int64], relative: bool, texts: dict[str, Any]) -> Any:
        parts = [self.of(self.metric, segment) for segment in self.segments]
        values = np.stack(
            [(part.relative if relative else part.importances_mean)[order] for part in parts], 1
        )
        unsure = np.stack([part._unsure[order] for part in parts], 1)
        number = percent if relative else formatter(values)
        texts["subtitle"] += " Slanted numbers cannot be told apart from 0."
        return _plots.heatmap(
            [self.features[i] for i in order],
            [str(segment) for segment in self.segments],
            values,
            labels=[[number(value) for value in row] for row in values],
            unsure=unsure,
            **texts,
        )
