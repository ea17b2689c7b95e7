"""What features weigh over several fits of one way of training."""

from __future__ import annotations

import dataclasses
import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError
from weighin._base.optional import require
from weighin._base.text import printable
from weighin._display import charts as _plots
from weighin._display.notebook import Row, table_html
from weighin._inference.refits import Spread
from weighin._results import ablation_file as _file
from weighin._results.ablation_words import signed_number

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console, ConsoleOptions
    from rich.table import Table
    from rich.text import Text

FORMAT = "weighin.refits"


@dataclass(frozen=True, eq=False, repr=False)
class Refits:
    """How much each feature weighs for a way of training, over several fits; made by `weigh_refits`.

    Attributes
    ----------
    features : tuple of str
        Features and groups, in the model's order.
    importances : ndarray of shape (n_features, n_fits)
        How much worse the metric got by shuffling, in each fit that worked. Positive means worse.
    one_model : ndarray of shape (n_features, 3)
        Importance in the first of these fits, and the 95% interval that speaks of that model alone.
    spreads : tuple of Spread
        What the variance of each mean over fits is made of.
    baseline : float
        Mean metric of the fits.
    metric : str
        Name of the metric.
    greater_is_better : bool
        Direction of the metric.
    recipe : str
        What was trained, in words.
    split : str
        On which rows, in words.
    fits : int
        Fits asked for.
    random_state : int
        Seed that gives these numbers again.
    simulated : bool
        True when the data were made up; every view says so.
    notes : tuple of str
        What a reader must know.
    versions : dict of str to str
        Versions of what computed it.
    date : str
        When, ISO 8601.
    """

    features: tuple[str, ...]
    importances: NDArray[np.float64]
    one_model: NDArray[np.float64]
    spreads: tuple[Spread, ...]
    baseline: float
    metric: str
    greater_is_better: bool
    recipe: str = ""
    split: str = ""
    fits: int = 0
    random_state: int = 0
    simulated: bool = False
    notes: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    date: str = ""

    def __post_init__(self) -> None:
        for name, shape in (
            ("importances", (len(self.features), -1)),
            ("one_model", (len(self.features), 3)),
        ):
            values = np.array(getattr(self, name), dtype=float).reshape(
                shape
            )  # a copy nobody else can change
            values.flags.writeable = False
            object.__setattr__(self, name, values)

    @property
    def importances_mean(self) -> NDArray[np.float64]:
        """Mean over fits, shape (n_features,)."""
        return self.importances.mean(1)

    @property
    def importances_std(self) -> NDArray[np.float64]:
        """Standard deviation between fits, shape (n_features,); NaN for one fit."""
        if self.importances.shape[1] < 2:
            return np.full(len(self.features), np.nan)
        return self.importances.std(1, ddof=1)

    def interval(self, confidence_level: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give the interval of each mean importance, for models trained this way.

        Parameters
        ----------
        confidence_level : float
            Between 0 and 1.

        Returns
        -------
        lower, upper : ndarray of shape (n_features,)
            NaN where there is none.

        Raises
        ------
        InputError
            If `confidence_level` is not between 0 and 1.
        """
        if not 0 < confidence_level < 1:
            raise InputError(f"confidence_level must be between 0 and 1, got {confidence_level!r}.")
        ends = [
            spread.interval(float(mean), confidence_level)
            for spread, mean in zip(self.spreads, self.importances_mean, strict=True)
        ]
        return np.array([low for low, _ in ends]), np.array([high for _, high in ends])

    def to_frame(self, confidence_level: float = 0.95) -> pd.DataFrame:
        """Give one row per feature, the heaviest first.

        Parameters
        ----------
        confidence_level : float
            Of the interval for this way of training, between 0 and 1; that of the one model is always 0.95.

        Returns
        -------
        pandas.DataFrame
            Columns: feature, metric, importance (mean over fits), std_fits, se, ci_lower, ci_upper, one_model,
            one_model_lower, one_model_upper, fits, rank.

        Raises
        ------
        MissingDependencyError
            Without pandas.
        """
        pd = require("pandas", "fastai", "give a data frame")
        order = self._order()
        lower, upper = self.interval(confidence_level)
        return pd.DataFrame(
            {
                "feature": [self.features[i] for i in order],
                "metric": self.metric,
                "importance": self.importances_mean[order],
                "std_fits": self.importances_std[order],
                "se": [self.spreads[i].se if self.spreads[i].known else math.nan for i in order],
                "ci_lower": lower[order],
                "ci_upper": upper[order],
                "one_model": self.one_model[order, 0],
                "one_model_lower": self.one_model[order, 1],
                "one_model_upper": self.one_model[order, 2],
                "fits": self.importances.shape[1],
                "rank": np.arange(1, len(order) + 1),
            }
        )

    def summary(self) -> str:
        """Say in one sentence per feature what it weighs for this way of training."""
        lower, upper = self.interval()
        told = []
        for i in self._order():
            mean, half = self.importances_mean[i], (upper[i] - lower[i]) / 2
            number = signed_number(half if math.isfinite(half) else mean / 10)
            text = f"Shuffling {self.features[i]} makes {self.metric} worse by {number(mean)} on average over fits"
            if math.isfinite(half):
                text += f" (95% interval {number(lower[i])} to {number(upper[i])}"
                text += f"; between fits it varies by {number(self.importances_std[i]).lstrip('+')})"
                low, high = self.one_model[i, 1:]
                if math.isfinite(low):
                    text += f"; for the first model alone {number(low)} to {number(high)}"
            told.append(f"{text}.")
        return "\n".join(told)

    def plot(self, *, ax: Any = None, limit: int = 20, title: str | None = None) -> Any:
        """Draw the mean importances, the heaviest on top, with whiskers for the 95% interval over fits.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default. It is never shown: call ``plt.show()`` outside a notebook.
        limit : int
            At most so many bars.
        title : str, optional
            Instead of the usual one.

        Returns
        -------
        matplotlib Axes
        """
        if limit < 1:
            raise InputError(f"limit must be an integer >= 1, got {limit!r}.")
        order = self._order()[:limit]
        lower, upper = (end[order] for end in self.interval())
        known = np.isfinite(lower).any()
        number = signed_number(float(np.nanmedian(upper - lower)) / 2 if known else 0.0)
        values = self.importances_mean[order]
        return _plots.bars(
            [self.features[i] for i in order],
            values,
            singles=self.importances[order],
            interval=(lower, upper) if known else None,
            labels=[number(value) for value in values],
            title=("SIMULATED DATA - " if self.simulated else "") + (title or "What models trained so weigh"),
            subtitle=self._about(),
            xlabel=f"how much worse {self.metric} gets when the column is shuffled, mean over fits",
            ax=ax,
        )

    def save(self, path: Path | str, *, force: bool = False) -> None:
        """Write the result as JSON, whole or not at all.

        Parameters
        ----------
        path : path or str
            Where to.
        force : bool
            Replace what is there.

        Raises
        ------
        OutputExistsError
            If `path` exists and `force` is false.
        """
        values = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        values["spreads"] = [dataclasses.asdict(spread) for spread in self.spreads]
        _file.write(path, FORMAT, values, force=force)

    @classmethod
    def load(cls, path: Path | str) -> Refits:
        """Read what `save` wrote.

        Parameters
        ----------
        path : path or str
            Where from.

        Raises
        ------
        InputError
            If the file is not there, holds something else, is damaged, or has another version.
        """
        content = _file.read(path, FORMAT)
        try:
            values = {entry.name: content[entry.name] for entry in fields(cls)}
            for name in ("importances", "one_model"):
                values[name] = np.array([[_file.number(value) for value in row] for row in values[name]])
            values["spreads"] = tuple(_file.spread(one) for one in values["spreads"])
            values["baseline"] = _file.number(values["baseline"])
            for name in ("features", "notes"):
                values[name] = tuple(values[name])
            result = cls(**values)
            result.summary()  # what cannot be told is damaged
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise InputError(f"'{path}' is damaged: {type(error).__name__}: {error}") from error
        return result

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Table | Text]:
        """Table for a terminal."""
        from rich import box
        from rich.table import Table
        from rich.text import Text

        table = Table(title=self._heading(), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
        table.add_column("feature", overflow="fold")
        for name in self._columns():
            table.add_column(Text(printable(name)), justify="right", no_wrap=name[0] == "9")
        for i, cells in zip(self._order(), self._cells(), strict=True):
            table.add_row(Text(printable(self.features[i])), *cells)
        yield table
        yield Text("\n".join(printable(line) for line in [self._about(), *self.notes]))

    def __str__(self) -> str:
        from rich.console import Console

        page = io.StringIO()
        Console(file=page, width=110, color_system=None).print(self)
        return "\n".join(line.rstrip() for line in page.getvalue().splitlines()).strip("\n")

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Table for a notebook."""
        lower, upper = self.interval()
        mean = self.importances_mean
        rows = [
            Row(self.features[i], cells, float(mean[i]), float(lower[i]), float(upper[i]))
            for i, cells in zip(self._order(), self._cells(), strict=True)
        ]
        remarks = [self._about(), *self.notes]
        return table_html(self._heading(), ["feature", *self._columns()], rows, remarks, "to_frame()")

    def _heading(self) -> str:
        return "Feature weights over fits" + (" - SIMULATED DATA" if self.simulated else "")

    def _columns(self) -> list[str]:
        first = f"{self.metric} worse by"
        return [first, "95 %, this way of training", "between fits", "95 %, the first model"]

    def _cells(self) -> list[tuple[str, ...]]:
        """Texts of each feature, the heaviest first, with as many decimals as its interval is worth."""
        lower, upper = self.interval()
        found: list[tuple[str, ...]] = []
        for i in self._order():
            half = (upper[i] - lower[i]) / 2
            number = signed_number(half if math.isfinite(half) else self.importances_mean[i] / 10)
            low, high = self.one_model[i, 1:]
            found.append(
                (
                    number(self.importances_mean[i]),
                    f"{number(lower[i])} to {number(upper[i])}" if math.isfinite(half) else "-",
                    number(self.importances_std[i]).lstrip("+"),
                    f"{number(low)} to {number(high)}" if math.isfinite(low) else "-",
                )
            )
        return found

    def _order(self) -> NDArray[np.int64]:
        return np.argsort(-np.nan_to_num(self.importances_mean, nan=-np.inf), kind="stable")

    def _about(self) -> str:
        better = "higher" if self.greater_is_better else "lower"
        n_fits = self.importances.shape[1]
        return (
            f"{self.metric} {self.baseline:.4g} ({better} is better), {self.recipe}, {n_fits} "
            f"fit{'s' * (n_fits != 1)}, seed {self.random_state}; {self.split}."
        )
