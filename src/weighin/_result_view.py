"""How a result looks: chart, table, sentences about it."""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from weighin import _plots
from weighin._certainty import Certain
from weighin._errors import InputError, listing, nearest
from weighin._files import check_free, replacing
from weighin._optional import require
from weighin._result_page import look_further, page_of
from weighin._text import ARROWS, formatter, percent, printable

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.table import Table
    from rich.text import Text

KINDS = ("bars", "shuffles", "segments")
STYLES = ("article",)
WIDTH = 110  # of a table that nobody's terminal limits


class Shown(Certain):
    """What a result shows of itself."""

    importances: NDArray[np.float64]
    baseline: float
    n_rows: int
    rows: str
    on_training_rows: bool | None
    random_state: int
    directions: Mapping[str, str]
    simulated: bool
    complete: bool
    unfinished: tuple[str, ...]
    notes: tuple[str, ...]
    by: str
    parts: tuple[Any, ...]

    if TYPE_CHECKING:  # properties and methods of the result itself

        @property
        def n_repeats(self) -> int: ...
        @property
        def importances_mean(self) -> NDArray[np.float64]: ...
        @property
        def importances_std(self) -> NDArray[np.float64]: ...
        @property
        def relative(self) -> NDArray[np.float64]: ...
        @property
        def segments(self) -> tuple[Any, ...]: ...
        def of(self, metric: str | None = None, segment: Any = None) -> Shown: ...

    def plot(
        self,
        kind: Literal["bars", "shuffles", "segments"] = "bars",
        *,
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
        interval = None
        if self._judged is not None:
            lower, upper = self.relative_interval() if relative else self.interval()
            interval = lower[order], upper[order]
            taken = ", the baseline taken as known" if relative and not self._baseline_errs else ""
            texts["subtitle"] += f" Whiskers: 95 % intervals{taken}. Pale: cannot be told apart from 0."
        return _plots.bars(
            names,
            values,
            singles=singles,
            interval=interval,
            labels=[number(value) for value in values],
            arrows=signs,
            **texts,
        )

    def to_html(
        self,
        path: Path | str | None = None,
        *,
        model: Any = None,
        X: Any = None,
        effects: Any = None,
        company: Any = None,
        ablation: Any = None,
        title: str = "What the model weighs",
        command: str = "",
        force: bool = False,
    ) -> str | None:
        """Write one HTML page to send around: sentences, chart, table, and what else is known of the model.

        The page needs nothing but itself, and works without scripts, in print and on a phone. It holds every name and
        number of this result, and none of the rows.

        Parameters
        ----------
        path : path or str, optional
            Where to; without, the page is returned.
        model : optional
            The model weighed: the page then shows which way its eight heaviest features push (see `effects`).
        X : optional
            The rows, as for `weigh`: the page then shows which columns go together (see `company`).
        effects : Effects or dict, optional
            What `effects` has found, instead of asking `model`.
        company : Company or dict, optional
            What `company` has found, instead of looking at `X`.
        ablation : Ablation or dict, optional
            What `ablate` has found.
        title : str
            Of the window.
        command : str
            What gives these numbers again, shown at the end.
        force : bool
            Replace what is there.

        Returns
        -------
        str or None
            The page; None when it went to `path`.

        Raises
        ------
        OutputExistsError
            If `path` exists and `force` is false.
        InputError
            If `path` cannot be written, or something given is not what it should be.
        MissingDependencyError
            Without the extra ``weighin[report]``.
        """
        from weighin._report import render

        if path is not None:
            check_free(Path(path), force=force)
        asked, looked = look_further(
            self, None if effects is not None else model, None if company is not None else X
        )
        more = {"effects": effects if effects is not None else asked, "ablation": ablation}
        more["company"] = company if company is not None else looked
        page = render(page_of(self, title=title, command=command, **more))
        if path is None:
            return page
        with replacing(Path(path)) as temporary:
            temporary.write_text(page, encoding="utf-8", newline="\n")
        return None

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

    def with_effects(self, effects: Any) -> Self:
        """Give the same result with arrows, in every view, for the way predictions go as a feature grows.

        Parameters
        ----------
        effects : Effects or mapping of str to str
            What `weighin.effects` has found of the same model, or a word for some of the features: "rises", "falls",
            "peaks", "dips", "mixed", "differs" (levels without an order), "none".

        Raises
        ------
        InputError
            On an unknown word, or a feature that this result does not have.

        Examples
        --------
        >>> import numpy as np
        >>> from weighin import Importance
        >>> imp = Importance(("spread", "week"), np.array([[7.0], [0.1]]), 12.5, "mae", False, 730)
        >>> imp.with_effects({"spread": "falls"}).directions
        {'spread': 'falls'}
        """
        words = getattr(effects, "direction", effects)
        if not isinstance(words, Mapping):
            raise InputError(
                f"effects must be of weighin.effects or a mapping, got {type(effects).__name__}."
            )
        for name, word in words.items():
            if word not in ARROWS:
                raise InputError(
                    f"The direction of {name!r} must be one of {', '.join(map(repr, ARROWS))}, got {word!r}."
                )
            if name not in self.features and words is effects:  # `effects` may know more features
                raise InputError(f"Unknown feature {name!r}.{nearest(name, self.features)}")
        known = {name: words[name] for name in self.features if name in words}
        parts = tuple(part.with_effects(known) for part in self.parts)
        return replace(self, directions=known, parts=parts)  # type: ignore[type-var]

    def _sign(self, name: str) -> str:
        return ARROWS.get(self.directions.get(name, ""), "")

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
        ends = [part.relative_interval() if relative else part.interval() for part in parts]
        unsure = np.stack([((low <= 0) & (high >= 0))[order] for low, high in ends], 1)
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

    def _marked(self, title: str) -> str:
        return (
            ("SIMULATED DATA - " if self.simulated else "")
            + ("PARTIAL - " if not self.complete else "")
            + title
        )

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Table | Text]:
        """Table for a terminal."""
        from rich.text import Text

        from weighin._result_table import weights_table

        order, judged = self._order(), self._judged
        heading = "Feature weights" + (" - SIMULATED DATA" if self.simulated else "")
        heading += "" if self.complete else f" - PARTIAL, {len(self.features)} features finished"
        caption = "\n".join(printable(line) for line in [self._about(), *self._remarks(), *self.notes])
        yield weights_table(
            [self.features[i] for i in order],
            self.importances_mean[order],
            heading=heading,
            effect=self._effect(),
            relative=self.relative[order],
            signs=[self._sign(self.features[i]) for i in order],
            noise=self.importances_std[order] if self.n_repeats > 1 else np.full(len(order), np.nan),
            interval=None if judged is None else (self.ci_lower[order], self.ci_upper[order]),
            width=options.max_width,
        )
        yield Text(caption)

    def __str__(self) -> str:
        from rich.console import Console

        page = io.StringIO()
        width = shutil.get_terminal_size((WIDTH, 24)).columns if sys.stdout.isatty() else WIDTH
        Console(file=page, width=width, color_system=None).print(self)
        return "\n".join(line.rstrip() for line in page.getvalue().splitlines()).strip("\n")

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Table for a notebook."""
        from weighin._result_html import Row, table_html

        order, (lower, upper) = self._order(), self.interval()
        number = formatter(self.importances_mean)
        rows = []
        for i in order:
            value, low, high = (float(some[i]) for some in (self.importances_mean, lower, upper))
            cells = [number(value), percent(self.relative[i])]
            if self._judged is not None:
                cells.insert(1, f"{number(low)} to {number(high)}" if np.isfinite(low) else "-")
            word = self.directions.get(self.features[i], "")
            rows.append(Row(self.features[i], cells, value, low, high, ARROWS.get(word, ""), word))
        columns = ["feature", self._effect(), "95 % interval", "of baseline"]
        if self._judged is None:
            columns.remove("95 % interval")
        remarks = [self._about(), *self._remarks(), *self.notes]
        return table_html(
            self._marked("What the model weighs"), columns, rows, remarks, "to_frame(), plot(limit=...)"
        )

    def _remarks(self) -> list[str]:
        remarks = []
        if any(map(self._sign, self.features)):
            remarks.append("Arrows: which way predictions go as the feature grows.")
        if self.unfinished:
            remarks.append(f"Not finished: {listing(self.unfinished)}.")
        judged = self._judged
        if judged is not None and judged.few_rows.any():
            few = [name for name, is_few in zip(self.features, judged.few_rows, strict=True) if is_few]
            remarks.append(f"Fewer than 20 rows count for {listing(few)}: no interval holds there.")
        return remarks

    def _order(self) -> NDArray[np.int64]:
        return np.argsort(-np.nan_to_num(self.importances_mean, nan=-np.inf), kind="stable")

    def _axis(self) -> str:
        if self.metric == "prediction_change":
            return "how far the prediction moves when the column is shuffled"
        return f"how much worse {self.metric} gets when the column is shuffled"

    def _effect(self) -> str:
        if self.metric == "prediction_change":
            return "prediction moves by"
        return f"{self.metric} worse by"

    def _about(self) -> str:
        better = "higher" if self.greater_is_better else "lower"
        baseline = f"Baseline {self.metric} {self.baseline:.4g} ({better} is better) on "
        if self.metric == "prediction_change":
            baseline = "How far predictions move, on "
        training = {True: " THE MODEL WAS TRAINED ON SOME OF THESE ROWS.", False: "", None: ""}[
            self.on_training_rows
        ]
        return (
            f"{baseline}{self.rows or f'{self.n_rows:,} rows'}; "
            f"{self.n_repeats} shuffle{'s' * (self.n_repeats > 1)} per feature, seed {self.random_state}.{training}"
        )
