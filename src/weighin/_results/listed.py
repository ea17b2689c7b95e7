"""What comparisons, refits and ablations have in common: lines that know their numbers, their interval, a chart."""

from __future__ import annotations

import abc
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from weighin._base.checks import check_level, check_limit, check_plot
from weighin._base.errors import InputError, unknown
from weighin._base.text import named, printable
from weighin._display import charts
from weighin._display.numbers import Rounded, rounded
from weighin._display.telling import Telling
from weighin._inference.intervals import FEW_ROWS
from weighin._results.base import Result


class Line(abc.ABC):
    """A number with its interval, one of several that are judged together."""

    ci_lower: float
    ci_upper: float
    confidence_level: float
    # too few rows count for an interval to hold
    few_rows: bool
    # what is claimed at this level, given all that are judged together; empty for nothing
    claim: str

    @property
    @abc.abstractmethod
    def number(self) -> Rounded:
        """The number and its interval as they are written."""

    @property
    def shown_interval(self) -> tuple[float, float]:
        """Ends of the interval, NaN where none holds or is known."""
        return (math.nan, math.nan) if self.few_rows else (self.ci_lower, self.ci_upper)

    @property
    def unmoved(self) -> bool:
        """Whether no shuffle changed the metric at all."""
        return False

    @property
    def leaves_out_zero(self) -> bool:
        """Whether the interval lies above 0 or below, taken by itself."""
        lower, upper = self.shown_interval
        return lower > 0 or upper < 0

    @property
    def interval_text(self) -> str:
        """The interval, or why there is none."""
        return "no change" if self.unmoved else "too few rows" if self.few_rows else self.number.interval

    def size(self, value: float, sign: float) -> Rounded:
        """Write the number and its interval as an amount.

        Parameters
        ----------
        value : float
            The number.
        sign : float
            1.0 or -1.0: its direction.
        """
        return rounded(sign * value, *sorted(sign * end for end in self.shown_interval))


AnyLine = TypeVar("AnyLine", bound=Line)


class Listed(Result, Generic[AnyLine]):
    """A result that lists lines."""

    metric: str
    greater_is_better: bool

    # what a line is about, and the attribute of it that every column of `to_frame` is made of
    _about: ClassVar[str] = "feature"
    _attributes: ClassVar[Mapping[str, str]]

    @abc.abstractmethod
    def _lines(self, confidence_level: float) -> tuple[AnyLine, ...]:
        """All lines, in the order to show."""

    @abc.abstractmethod
    def _tell(self, lines: Sequence[AnyLine], confidence_level: float, limit: int) -> Telling:
        """Say what these lines tell."""

    @abc.abstractmethod
    def _chart(self, lines: Sequence[AnyLine], title: str | None, left_out: str) -> charts.Rows:
        """Say what a chart of these lines shows."""

    @abc.abstractmethod
    def _interval(self, confidence_level: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Ends of all intervals."""

    def lines(self, confidence_level: float = 0.95) -> tuple[AnyLine, ...]:
        """Give the numbers one by one, in the order of the table.

        Parameters
        ----------
        confidence_level : float
            Of intervals and claims, between 0 and 1.
        """
        check_level(confidence_level)
        return self._lines(confidence_level)

    def _claim_words(self, confidence_level: float) -> dict[str, str]:
        return {getattr(line, self._about): line.claim for line in self.lines(confidence_level)}

    def _names(self) -> Iterable[str]:
        return [getattr(line, self._about) for line in self.lines()]

    def interval(self, confidence_level: float = 0.95) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Give the intervals.

        Parameters
        ----------
        confidence_level : float
            Between 0 and 1.

        Returns
        -------
        lower, upper : ndarray of shape (n_features,) or (n_variants,)
            NaN where there is none.

        Raises
        ------
        InputError
            If `confidence_level` is not between 0 and 1.
        """
        check_level(confidence_level)
        return self._interval(confidence_level)

    @property
    def ci_lower(self) -> NDArray[np.float64]:
        """Lower ends of the 95% intervals."""
        return self.interval()[0]

    @property
    def ci_upper(self) -> NDArray[np.float64]:
        """Upper ends of the 95% intervals."""
        return self.interval()[1]

    def tell(self, confidence_level: float = 0.95, limit: int = 5) -> Telling:
        check_limit(limit)
        lines = self.lines(confidence_level)
        return replace(self._tell(lines, confidence_level, limit), charts=[self._chart(lines, None, "")])

    def plot(
        self,
        *,
        ax: Any = None,
        limit: int = 20,
        title: str | None = None,
        confidence_level: float = 0.95,
    ) -> Any:
        """Draw the first lines of the table, with intervals; pale where nothing is claimed.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default. It is never shown: call ``plt.show()`` outside a notebook.
        limit : int
            At most so many lines.
        title : str, optional
            Instead of the usual one.
        confidence_level : float
            Of intervals and claims, between 0 and 1.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        InputError
            If `limit` is less than 1.
        """
        check_plot(ax, limit, title)
        lines = self.lines(confidence_level)
        if not lines:
            raise InputError(f"Nothing to draw: there is no {self._about}.")
        left_out = len(lines) - limit
        more = f" {left_out} more {self._about}s not shown." if left_out > 0 else ""
        return charts.draw(self._chart(lines[:limit], title, more), ax)

    def __getitem__(self, name: str) -> AnyLine:
        """Give the numbers of one of them, with its 95% interval: ``result["age"].ci_lower``."""
        by_name = {getattr(line, self._about): line for line in self.lines()}
        if not isinstance(name, str) or name not in by_name:
            raise unknown(self._about, name, by_name)
        return by_name[name]

    def _columns(self, confidence_level: float) -> dict[str, Any]:
        lines = self.lines(confidence_level)
        return {
            column: [_plain(attrgetter(path)(line)) for line in lines]
            for column, path in self._attributes.items()
        }

    @property
    def _better(self) -> str:
        return f"{'higher' if self.greater_is_better else 'lower'} is better"


def freeze(result: Any, **shapes: tuple[int, ...]) -> None:
    """Replace arrays by copies that nobody can change, of these shapes, where -1 may be anything."""
    for name, shape in shapes.items():
        values = np.array(getattr(result, name), dtype=bool if "few" in name else float)
        try:
            frozen = values.reshape(shape)
        except ValueError:
            raise InputError(
                f"{name} must have one value per feature, got shape {values.shape} for {shape[0]} features."
            ) from None
        frozen.flags.writeable = False
        object.__setattr__(result, name, frozen)


def feature_lines(
    result: Any, line: Callable[..., AnyLine], confidence_level: float, **columns: NDArray[Any]
) -> tuple[AnyLine, ...]:
    """Make a line of each feature, in order, from what all such results have and these columns."""
    lower, upper = result.interval(confidence_level)
    columns |= {"se": result.se, "ci_lower": lower, "ci_upper": upper, "few_rows": result.few_rows}
    columns |= {"pvalue": result.pvalue, "pvalue_holm": result.pvalue_holm}
    same = {
        "metric": result.metric,
        "confidence_level": confidence_level,
        "among": int(np.isfinite(result.pvalue).sum()),
    }
    return tuple(
        line(
            feature=result.features[place],
            **same,
            **{name: values[place].item() for name, values in columns.items()},
        )
        for place in result.order
    )


def columns(names: str, **paths: str) -> dict[str, str]:
    """Columns of `to_frame` and the attributes they are made of: of the same name, unless told otherwise."""
    return {name: paths.get(name, name) for name in names.split()}


def unmoved_sentence(lines: Sequence[Any], metric: str) -> list[str]:
    """Name what no shuffle changed the metric of."""
    names = [line.feature for line in lines if line.unmoved]
    return [f"No shuffle of {named(names)} changed {printable(metric)} at all."] if names else []


def few_rows_sentence(names: Sequence[str], where: str = "") -> list[str]:
    """Name what too few rows count for."""
    return [few_rows_text(named(names) + where)] if names else []


def few_rows_text(which: str) -> str:
    """Say that too few rows count for these to have an interval."""
    return f"Fewer than {FEW_ROWS} rows count for {which}: no interval is valid there."


def chance_sentence(names: Sequence[str], among: int) -> list[str]:
    """Name what an interval alone would tell of."""
    if not names:
        return []
    return [
        f"The interval leaves out 0, but among {among} features, one may do so by chance (Holm): "
        f"{named(names)}."
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return ", ".join(value)
    return math.nan if value is None else value
