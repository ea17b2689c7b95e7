"""What every result shows of itself on a page and as a chart, alone or together with others."""

from __future__ import annotations

import abc
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from weighin._base.checks import check_title
from weighin._base.errors import InputError
from weighin._base.files import as_path, check_free, given_or_written
from weighin._display.spreadsheet import csv_text
from weighin._display.telling import Telling
from weighin._results.further import with_further
from weighin._results.provenance import MARK

# numbers that a page has as CSV, too
MOST_CELLS = 50_000


class Paged(abc.ABC):
    """A result that has a page."""

    @abc.abstractmethod
    def tell(self, confidence_level: float = 0.95, limit: int = 5) -> Telling:
        """Say what there is to show; see `Result`."""

    @abc.abstractmethod
    def _columns(self, confidence_level: float) -> dict[str, Any]:
        """Columns of the tidy table, exact numbers."""

    def to_html(
        self,
        path: Path | str | None = None,
        *,
        also: Paged | Iterable[Paged] = (),
        light: bool = False,
        title: str | None = None,
        confidence_level: float = 0.95,
        force: bool = False,
    ) -> str | None:
        """Write one HTML page to send around: sentences, chart, table, what to do next, how it was made.

        The page needs nothing but itself, and works without scripts, in print and on a phone. It holds names and
        numbers of the results, and none of the rows. With the extra ``weighin[report]`` its charts answer to the
        pointer, and what is known of a feature stands beside them.

        Parameters
        ----------
        path : path or str, optional
            Where to; without, the page is returned.
        also : result, or several, optional
            Results of the same model and rows to show on the same page: what `weighin.effects`, `associations`,
            `shares`, `interactions`, `ablate` and others gave.
        light : bool
            Without scripts, and at most 200 kB, for a mail, MLflow or a model card; of many features the page then
            leaves out curves and the last rows of tables.
        title : str, optional
            Instead of the usual one.
        confidence_level : float
            Of the intervals, between 0 and 1.
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
            If `path` cannot be written, `also` holds something that is no result, or `light` is no truth value.

        Examples
        --------
        ``imp.to_html("page.html", also=[effects, shares])``
        """
        from weighin._display.page import page

        check_title(title)
        if light not in (True, False):
            raise InputError(f"light must be True or False, got {light!r}.")
        if path is not None:
            check_free(as_path(path), force=force)
        shown, others = self._with(_results(also), confidence_level)
        telling = with_further(shown, shown.tell(confidence_level), others, confidence_level)
        columns = shown._columns(confidence_level) if shown._least_cells <= MOST_CELLS else {}
        few = bool(columns) and sum(map(len, columns.values())) <= MOST_CELLS
        csv = csv_text(columns, simulated=telling.simulated) if few else ""
        return given_or_written(page(telling, title=title, csv=csv, light=light), path)

    @property
    def _least_cells(self) -> int:
        """Numbers that its tidy table has at least: known before it is made."""
        return 0

    def _with(self, further: Sequence[Paged], confidence_level: float) -> tuple[Paged, Sequence[Paged]]:
        """Take in what belongs to this result itself, and give the others."""
        return self, further

    def _about_feature(
        self, feature: str, telling: Telling, confidence_level: float
    ) -> list[tuple[str, str]]:
        """Say what is known of one feature, for a page of another result: its line of the first table."""
        table = telling.tables[0]
        row = next((row for row in table.rows if row.name == feature), None)
        if row is None:
            return []
        number, *interval = [
            cell for cell, column in zip(row.cells, table.columns, strict=True) if column.gives_way < 2
        ][:2]
        heading = table.heading.removeprefix(MARK)
        return [(heading, f"{number} ({interval[0]})" if interval and interval[0] != "-" else number)]

    def chart(self, *, confidence_level: float = 0.95) -> Any:
        """Give the chart of its page as a chart of Altair: to show in a notebook, to change, to save.

        Parameters
        ----------
        confidence_level : float
            Of the intervals, between 0 and 1.

        Returns
        -------
        altair.Chart
            It shows itself in a notebook; ``chart.save("importance.svg")`` writes it.

        Raises
        ------
        InputError
            If there is nothing to draw.
        MissingDependencyError
            Without Altair: the extra ``weighin[report]``.

        Examples
        --------
        ``imp.chart().properties(title="Mine")``
        """
        from weighin._display.vega.alone import altair_chart

        charts = self.tell(confidence_level).charts
        if not charts or getattr(charts[0], "names", True) == []:
            raise InputError("There is nothing to draw: the result is empty.")
        return altair_chart(charts[0])


def _results(also: Any) -> list[Paged]:
    """Take results to show on one page, or raise InputError."""
    given = [also] if isinstance(also, Paged) or not isinstance(also, Iterable) else list(also)
    odd = [result for result in given if not isinstance(result, Paged)]
    if odd or isinstance(also, str):
        raise InputError(
            "also must hold results of weighin (effects, associations, shares, ...), got "
            f"{type(also if isinstance(also, str) else odd[0]).__name__}."
        )
    return given
