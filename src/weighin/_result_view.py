"""How a result looks: chart, table, sentences about it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from weighin import _plots
from weighin._certainty import Certain
from weighin._errors import InputError, listing
from weighin._text import formatter, percent, printable

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.table import Table
    from rich.text import Text


class Shown(Certain):
    """What a result shows of itself."""

    importances: NDArray[np.float64]
    baseline: float
    n_rows: int
    rows: str
    on_training_rows: bool | None
    random_state: int
    simulated: bool
    complete: bool
    notes: tuple[str, ...]

    if TYPE_CHECKING:  # properties of the result itself

        @property
        def n_repeats(self) -> int: ...
        @property
        def importances_mean(self) -> NDArray[np.float64]: ...
        @property
        def importances_std(self) -> NDArray[np.float64]: ...
        @property
        def relative(self) -> NDArray[np.float64]: ...

    def plot(
        self, *, ax: Any = None, limit: int = 20, relative: bool = False, title: str | None = None
    ) -> Any:
        """Draw the bars, the heaviest on top, with whiskers for the 95 % interval.

        Bars whose interval holds 0 are pale. Without intervals (another metric, or relative values) marks show the
        single shuffles.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default. It is never shown: call ``plt.show()`` outside a notebook.
        limit : int
            At most so many bars.
        relative : bool
            In parts of the baseline instead of units of the metric.
        title : str, optional
            Instead of the usual one.

        Returns
        -------
        matplotlib Axes
        """
        if limit < 1:
            raise InputError(f"limit must be an integer >= 1, got {limit!r}.")
        if relative and self.baseline == 0:
            raise InputError("relative=True is not defined: the baseline is 0. Use relative=False.")
        order = self._order()[:limit]
        scale = 1.0 / abs(self.baseline) if relative else 1.0
        values = self.importances_mean[order] * scale
        number = formatter(values)
        left_out = len(self.features) - len(order)
        title = title or "What the model weighs"
        return _plots.bars(
            [self.features[i] for i in order],
            values,
            singles=self.importances[order] * scale,
            interval=None if relative or not self.moments else (self.ci_lower[order], self.ci_upper[order]),
            labels=[percent(value) if relative else number(value) for value in values],
            title=("SIMULATED DATA - " if self.simulated else "")
            + ("PARTIAL - " if not self.complete else "")
            + title,
            subtitle=self._about() + (f" {left_out} more features not shown." if left_out else ""),
            xlabel=self._axis() + (", in parts of the baseline" if relative else ""),
            ax=ax,
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
            noise=self.importances_std[order] if self.n_repeats > 1 else np.full(len(order), np.nan),
            interval=None if judged is None else (self.ci_lower[order], self.ci_upper[order]),
            width=options.max_width,
        )
        yield Text(caption)

    def __str__(self) -> str:
        from rich.console import Console

        page = io.StringIO()
        Console(file=page, width=110, color_system=None).print(self)
        return "\n".join(line.rstrip() for line in page.getvalue().splitlines()).strip("\n")

    __repr__ = __str__

    def _remarks(self) -> list[str]:
        judged = self._judged
        if judged is None or not judged.few_rows.any():
            return []
        few = [name for name, is_few in zip(self.features, judged.few_rows, strict=True) if is_few]
        return [f"Fewer than 20 rows count for {listing(few)}: no interval holds there."]

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
