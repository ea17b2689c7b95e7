"""What a result says, before anybody decides where to show it: plain values that every view is made of."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from weighin._base.text import printable
from weighin._display.charts.chart import Chart, Curves

MOST_ROWS = 30


class Harmless:
    """What is told, in which no text moves a cursor, colours a terminal or hides: names come from tables and files."""

    def __post_init__(self) -> None:
        for entry in fields(self):  # type: ignore[arg-type]  # dataclasses alone derive from it
            object.__setattr__(self, entry.name, _harmless(getattr(self, entry.name)))


def _harmless(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isprintable() else "\n".join(map(printable, value.split("\n")))
    if type(value) in (list, tuple):
        return type(value)(map(_harmless, value))
    if type(value) is dict:
        return {_harmless(key): _harmless(text) for key, text in value.items()}
    return value


@dataclass(frozen=True)
class Bar:
    """A number drawn beside its row, with its interval: a bar, or, where it was another, a dot and the way from there.

    `value`, `low`, `high`: length, and ends of the whisker; NaN for none.
    `before`: what it was; None for a bar.
    """

    value: float
    low: float = math.nan
    high: float = math.nan
    before: float | None = None


@dataclass(frozen=True)
class Column(Harmless):
    """Head of a column behind the names.

    `label`: over it.
    `kind` {"number", "right", "text"}: numbers are aligned at their decimal points, others to the right or to the left.
    `gives_way`: where it is narrow, columns with the highest number are left out first; 0 never is.
    """

    label: str
    kind: str = "number"
    gives_way: int = 0


@dataclass(frozen=True)
class Row(Harmless):
    """One line of a table.

    `name`: of the feature or variant, as it is.
    `cells`: one text for each column.
    `bar`: what is drawn beside it.
    `sign`, `meaning`: an arrow behind the name, and what it means.
    `claimed`: whether something is claimed of it: bold and dark; the others are pale.
    `note`: under the name, where there is room: on a page.
    """

    name: str
    cells: Sequence[str]
    bar: Bar | None = None
    sign: str = ""
    meaning: str = ""
    claimed: bool = False
    note: str = ""


@dataclass(frozen=True)
class Table(Harmless):
    """Rows under a heading.

    `heading`: over it.
    `first`: head of the names.
    `columns`: heads of the cells.
    `rows`: in the order to show.
    `more`: where to find rows that a view leaves out.
    `choice`: which of several tables it is that a page shows one at a time: {"Metric": "mae"}.
    """

    heading: str
    first: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    more: str = "to_frame()"
    choice: Mapping[str, str] = field(default_factory=dict)

    def upto(self, most: int | None) -> tuple[Sequence[Row], str]:
        """Give the first rows, and a remark on those left out."""
        shown = self.rows[:most]
        left_out = len(self.rows) - len(shown)
        return shown, f"{left_out:,} more rows: {self.more}." if left_out else ""


@dataclass(frozen=True)
class Section(Harmless):
    """A part of a page.

    `heading`: over it.
    `intro`: what it shows.
    `sentences`: what was found.
    `charts`, `tables`: of those that have a choice a page shows one at a time.
    `notes`: under them, in small.
    `link`: what the list of contents calls it; "" leaves it out.
    """

    heading: str
    intro: str = ""
    sentences: Sequence[str] = ()
    charts: Sequence[Chart] = ()
    tables: Sequence[Table] = ()
    notes: Sequence[str] = ()
    link: str = ""


@dataclass(frozen=True)
class Detail(Harmless):
    """What is known of one feature, for one place of a page.

    `name`: of the feature.
    `facts`: terms and what there is to say; a term may be "".
    `companions`: other features that it goes with, and how closely.
    """

    name: str
    facts: Sequence[tuple[str, str]] = ()
    companions: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Step(Harmless):
    """Something to do next.

    `what`: in a few words.
    `why`: in a sentence.
    `call`: the call or the command that does it.
    """

    what: str
    why: str = ""
    call: str = ""


@dataclass(frozen=True)
class Telling(Harmless):
    """Everything a result has to say.

    Attributes
    ----------
    title : str
        Headline of a page.
    kicker : str
        Over it: what it is about.
    tables : sequence of Table
        The first is what a terminal and a notebook show.
    remarks : sequence of str
        Under the table: what the numbers are, what a reader must know.
    elsewhere : sequence of str
        What one table does not show, and how to see it.
    sentences : sequence of str
        What was found, the most important first.
    reading : sequence of str
        How to read it, for a page.
    made : sequence of (term, text)
        How it was made.
    notes : sequence of str
        What a reader must know before believing it.
    simulated : bool
        Whether the data were made up.
    charts : sequence of Chart
        What a page draws; of those that have a choice it shows one at a time.
    sections : sequence of Section
        What a page shows besides.
    warnings : sequence of (strong, text)
        What a page says before all else.
    command : str
        What gives these numbers again.
    headline : str
        From what to what, instead of the first sentence, where a page has room for large letters.
    details : sequence of Detail
        What is known of each row of the charts, the first on top.
    effects : Curves or None
        The curve of each feature that has one, for its details.
    steps : sequence of Step
        What to do next.
    glossary : sequence of (term, text)
        What words mean, for a page.
    """

    title: str
    tables: Sequence[Table]
    kicker: str = ""
    remarks: Sequence[str] = ()
    elsewhere: Sequence[str] = ()
    sentences: Sequence[str] = ()
    reading: Sequence[str] = ()
    made: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = ()
    simulated: bool = False
    charts: Sequence[Chart] = ()
    sections: Sequence[Section] = ()
    warnings: Sequence[tuple[str, str]] = ()
    command: str = ""
    headline: str = ""
    details: Sequence[Detail] = ()
    effects: Curves | None = None
    steps: Sequence[Step] = ()
    glossary: Sequence[tuple[str, str]] = ()

    @property
    def under(self) -> list[str]:
        """What stands under the first table where there is no other."""
        return [*self.remarks, *self.elsewhere, *self.notes]
