"""The files a verb writes: checked before any work, written together, never one without the others."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weighin._base.errors import InputError
from weighin._base.files import check_free, replacing, together
from weighin._base.text import in_a_row
from weighin._cli.printing import say, show
from weighin._cli.words import in_shell_words


def check(*paths: Path, force: bool) -> None:
    """Refuse before any work what cannot be written, or is there while nobody says `force`.

    Raises InputError, OutputExistsError: naming it.
    """
    check_free(*paths, force=force, hint="Pass --force to replace.")


def open_page(page: Path) -> None:
    """Open a page where its reader looks at pages, or say where it is."""
    import webbrowser

    if not webbrowser.open(page.resolve().as_uri()):
        say(f"No browser could be opened; the page is {page.resolve()}.", err=True)


@dataclass(frozen=True)
class ResultFiles:
    """A result as JSON, with a chart and a page beside it.

    `json`: the JSON; what goes beside it has its name.
    `page`: whether there is a page.
    `rows`: whether there is a file of what each shuffle changes row by row.
    """

    json: Path
    page: bool = True
    rows: bool = False

    @property
    def chart(self) -> Path:
        """Where the chart goes."""
        return self.json.with_suffix(".png")

    @property
    def html(self) -> Path:
        """Where the page goes."""
        return self.json.with_suffix(".html")

    @property
    def paths(self) -> list[Path]:
        """All files."""
        rows = [self.json.with_suffix(".npz")] if self.rows else []
        return [self.json, self.chart, *rows, *([self.html] if self.page else [])]

    def check(self, *, force: bool) -> None:
        """Refuse before any work what cannot be written.

        Raises InputError, OutputExistsError if it does not end in .json, or is in the way.
        """
        if self.json.suffix.lower() != ".json":
            raise InputError(f"--out must end in .json, got '{self.json}'; the chart goes beside it as .png.")
        check(*self.paths, force=force)

    def write(self, result: Any) -> list[Path]:
        """Write a result, all files or none, and give those that were written.

        Where chart or page fail, the numbers, which may have taken hours, are written all the same.
        """
        from weighin._display import charts

        try:
            with together():
                result.save(self.json, force=True)
                with replacing(self.chart) as temporary:
                    charts.save(result.draw_on, temporary)
                if self.page:
                    result.to_html(self.html, force=True)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            try:
                result.save(self.json, force=True)
                error.add_note(f"The numbers are in {self.json}; chart and page could not be made.")
            except OSError:
                error.add_note(f"Nothing was written to '{self.json.parent}'.")
            raise
        return self.paths


def finish(
    result: Any, files: ResultFiles, *, open_it: bool, simulated: bool, notes: Sequence[str] = ()
) -> None:
    """Write a result, print it, say where it is, and open its page where that is asked for."""
    notes = tuple(map(in_shell_words, (*notes, *result.notes)))
    result = dataclasses.replace(result, simulated=simulated, notes=notes)
    written = files.write(result)
    show(result)
    say(f"Written: {in_a_row(written)}.")
    if open_it and files.html in written:
        open_page(files.html)
