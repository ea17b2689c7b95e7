"""What a result says, before anybody decides where to show it: plain values that every view is made of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

MOST_ROWS = 30


@dataclass(frozen=True)
class Bar:
    """A number drawn beside its row, with its interval.

    Attributes
    ----------
    value, low, high : float
        Length, and ends of the whisker; NaN for none.
    """

    value: float
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True)
class Column:
    """Head of a column behind the names.

    Attributes
    ----------
    label : str
        Over it.
    kind : {"number", "right", "text"}
        Numbers are aligned at their decimal points, others to the right or to the left.
    gives_way : int
        Where it is narrow, columns with the highest number are left out first; 0 never is.
    """

    label: str
    kind: str = "number"
    gives_way: int = 0


@dataclass(frozen=True)
class Row:
    """One line of a table.

    Attributes
    ----------
    name : str
        Of the feature or variant, as it is.
    cells : sequence of str
        One text for each column.
    bar : Bar or None
        What is drawn beside it.
    sign, meaning : str
        An arrow behind the name, and what it means.
    claimed : bool
        Whether something is claimed of it: bold and dark; the others are pale.
    """

    name: str
    cells: Sequence[str]
    bar: Bar | None = None
    sign: str = ""
    meaning: str = ""
    claimed: bool = False


@dataclass(frozen=True)
class Table:
    """Rows under a heading.

    Attributes
    ----------
    heading : str
        Over it.
    first : str
        Head of the names.
    columns : sequence of Column
        Heads of the cells.
    rows : sequence of Row
        In the order to show.
    more : str
        Where to find rows that a view leaves out.
    """

    heading: str
    first: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    more: str = "to_frame()"

    def upto(self, most: int | None) -> tuple[Sequence[Row], str]:
        """Give the first rows, and a remark on those left out."""
        shown = self.rows[:most]
        left_out = len(self.rows) - len(shown)
        return shown, f"{left_out:,} more rows: {self.more}." if left_out else ""


@dataclass(frozen=True)
class Telling:
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
    """

    title: str
    tables: Sequence[Table]
    kicker: str = ""
    remarks: Sequence[str] = ()
    sentences: Sequence[str] = ()
    reading: Sequence[str] = ()
    made: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = field(default=())
    simulated: bool = False
