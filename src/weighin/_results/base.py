"""What every result has: it tells, and each view shows what it tells."""

from __future__ import annotations

import abc
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from weighin._base.checks import check_level
from weighin._base.errors import InputError
from weighin._base.files import as_path, check_free, replacing
from weighin._base.text import printable
from weighin._display.codec import Codec, Kind
from weighin._display.frame import frame
from weighin._display.latex import latex
from weighin._display.markdown import markdown
from weighin._display.notebook import fragment
from weighin._display.telling import Telling
from weighin._display.terminal import as_text, renderable
from weighin._results.paged import Paged

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, Group

VERSION = 2


class Result(Paged):
    """A frozen result.

    A kind of result is a frozen dataclass that says what it found in `tell`, gives its tidy columns in `_columns`, and
    draws itself in `plot`. Terminal, notebook, markdown, LaTeX, frames, JSON and pages come from here.
    """

    # what its JSON is called, the form of fields that need one of their own, and fields it does without
    _format: ClassVar[str]
    _kinds: ClassVar[dict[Any, Kind]] = {}
    _left_out: ClassVar[frozenset[str]] = frozenset()

    simulated: bool
    notes: tuple[str, ...]
    versions: Mapping[str, str]
    date: str

    @abc.abstractmethod
    def tell(self, confidence_level: float = 0.95, limit: int = 5) -> Telling:
        """Say what there is to show: table, sentences, notes, and how it was made.

        Parameters
        ----------
        confidence_level : float
            Of the intervals, between 0 and 1.
        limit : int
            Features that sentences tell of one by one, where these are many.

        Returns
        -------
        Telling
            Plain values that every view is made of.
        """

    @abc.abstractmethod
    def _columns(self, confidence_level: float) -> dict[str, Any]:
        """Columns of the tidy table, exact numbers."""

    def claims(self, confidence_level: float = 0.95) -> dict[Any, str]:
        """Give what is claimed of each feature, variant or pair: the rule behind every colour, bold and sentence.

        Parameters
        ----------
        confidence_level : float
            Between 0 and 1; p-values are adjusted for how many there are (Holm).

        Returns
        -------
        dict of name to str
            A word, or "" where nothing is claimed. Of importances and shares "heavier", or "harmful" where the model
            gets better without it; of a comparison "more" or "less"; the direction of an effect; the verdict on a
            variant; of a pair "interact". Associations claim nothing.

        Raises
        ------
        InputError
            If `confidence_level` is not between 0 and 1.
        """
        check_level(confidence_level)
        return self._claim_words(confidence_level)

    def _claim_words(self, confidence_level: float) -> dict[Any, str]:
        return dict.fromkeys(self._names(), "")

    def __iter__(self) -> Iterator[Any]:
        """Names of what `result[name]` gives."""
        return iter(self._names())

    def __len__(self) -> int:
        return len(list(self._names()))

    def __contains__(self, name: object) -> bool:
        return name in list(self._names())

    def __eq__(self, other: object) -> bool:
        """Whether it is the same result, whenever and by whichever command it was made."""
        if not isinstance(other, Result):
            return NotImplemented
        return type(self) is type(other) and self._kept() == other._kept()

    def __hash__(self) -> int:
        return hash((type(self), *self._names()))

    def _kept(self) -> str:
        return json.dumps(json.loads(self.to_json(), object_hook=_timeless))

    def _names(self) -> Iterable[Any]:
        return self.features  # type: ignore[attr-defined]  # all but those that override it have some

    def to_frame(self, confidence_level: float = 0.95, *, backend: str | None = None) -> Any:
        """Give the numbers as a tidy data frame, exact and unrounded.

        Parameters
        ----------
        confidence_level : float
            Of the intervals, between 0 and 1.
        backend : {"pandas", "polars", "pyarrow"}, optional
            The library of the frame; by default the first of them that is installed, without any a dict of lists.

        Returns
        -------
        data frame
            The columns are described at the class.

        Raises
        ------
        InputError
            On another `backend`, or a `confidence_level` that is not between 0 and 1.
        MissingDependencyError
            If `backend` is not installed.
        """
        return frame(self._columns(confidence_level), backend)

    def summary(self, confidence_level: float = 0.95, *, limit: int = 5) -> str:
        """Say in plain sentences what was found, and what to know before believing it.

        Parameters
        ----------
        confidence_level : float
            Of the intervals, between 0 and 1.
        limit : int
            Features that sentences tell of one by one, where these are many.

        Returns
        -------
        str
            A sentence per line.
        """
        telling = self.tell(confidence_level, limit)
        warning = ["SIMULATED DATA: nothing here is about the real world."] if telling.simulated else []
        return "\n".join(map(printable, [*warning, *telling.sentences, *telling.elsewhere, *telling.notes]))

    def to_markdown(self, confidence_level: float = 0.95) -> str:
        """Give the table in markdown, with what to know of it.

        Parameters
        ----------
        confidence_level : float
            Of the intervals, between 0 and 1.

        Returns
        -------
        str
            For GitHub, a pull request, a notebook's text.
        """
        return markdown(self.tell(confidence_level))

    def to_latex(self, confidence_level: float = 0.95) -> str:
        """Give the table in LaTeX, with what to know of it as caption.

        Parameters
        ----------
        confidence_level : float
            Of the intervals, between 0 and 1.

        Returns
        -------
        str
            A ``table`` that needs the package booktabs.
        """
        return latex(self.tell(confidence_level))

    def draw_on(self, figure: Any) -> Any:
        """Draw its chart on a Figure of your own.

        Parameters
        ----------
        figure : matplotlib Figure
            Without Axes.

        Returns
        -------
        matplotlib Axes, or ndarray of them
        """
        return self.plot(ax=figure.add_subplot())  # type: ignore[attr-defined]  # whatever a kind of result draws

    def to_json(self) -> str:
        """Give the whole result as JSON, exact and unrounded: what `save` writes.

        Returns
        -------
        str
            An object with "format" and "version".
        """
        return self._codec().text(self)

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """Give the JSON schema of what `save` writes.

        Returns
        -------
        dict
            JSON Schema 2020-12, of the version of the format that this weighin reads and writes.
        """
        from weighin._display.schema import schema

        return schema(cls._codec())

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
        InputError
            If `path` cannot be written.
        """
        check_free(as_path(path), force=force)
        text = self.to_json()
        with replacing(as_path(path)) as temporary:
            temporary.write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read what `save` wrote.

        Parameters
        ----------
        path : path or str
            Where from.

        Raises
        ------
        InputError
            If the file is not there, is no such result, is damaged, or has another version of the format.
        """
        result: Self = cls._codec().read(as_path(path))[0]
        return result._checked(path)

    def _checked(self, path: Path | str) -> Self:
        """Give a result that was read, once it could tell what is in it.

        Raises InputError if its parts, each of which may be, do not fit together.
        """
        try:
            with np.errstate(all="ignore"):
                self.tell()
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise InputError(
                f"'{path}' is damaged: its parts do not fit together ({type(error).__name__}: {error})."
            ) from error
        return self

    @classmethod
    def _codec(cls) -> Codec:
        return Codec(cls, cls._format, VERSION, cls._kinds, cls._left_out)

    def __str__(self) -> str:
        return as_text(self.tell())

    def __repr__(self) -> str:
        return as_text(self.tell())

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Group]:
        """Table for a terminal."""
        yield renderable(self.tell(), options.max_width)

    def _repr_html_(self) -> str:
        """Table for a notebook."""
        return fragment(self.tell())


def _timeless(fields: dict[str, Any]) -> dict[str, Any]:
    """A result, or a part of one, without when and by which command it was made."""
    # other objects may be of a feature that is called date
    left_out = ("date", "command") if "versions" in fields else ()
    return {name: value for name, value in fields.items() if name not in left_out}
