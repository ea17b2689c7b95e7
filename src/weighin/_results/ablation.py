"""What was found by training without some features, and with others."""

from __future__ import annotations

import dataclasses
import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError, nearest
from weighin._base.files import check_free, given_or_written
from weighin._base.optional import require
from weighin._base.text import printable
from weighin._display import charts as _plots
from weighin._results import ablation_file as _file
from weighin._results.ablation_words import failures, sentence, signed_number, tolerance_text, variant
from weighin._results.change import Change, Verdict, judge

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console, ConsoleOptions
    from rich.table import Table
    from rich.text import Text

FORMAT = "weighin.ablation"
TITLE = "What happens without it, or with it"


@dataclass(frozen=True, eq=False, repr=False)
class Ablation:
    """What dropping, adding and replacing features does to a model that is trained again; made by `ablate`.

    Attributes
    ----------
    changes : tuple of Change
        One for each variant: its scores, its change of the metric and what that change's variance is made of.
    metric : str
        Name of the metric.
    greater_is_better : bool
        Direction of the metric.
    tolerance : float
        A loss or gain below it does not matter, in units of the metric.
    recipe : str
        What was trained, in words.
    split : str
        On which rows, in words.
    features : tuple of str
        Of the full model.
    scores : tuple of float
        The full model's metric in each fit; NaN where a fit failed.
    fits : int
        Fits asked for.
    random_state : int
        Seed that gives these numbers again.
    unit : str
        Of the metric, for sentences.
    simulated : bool
        True when the data were made up; every view says so.
    notes : tuple of str
        What a reader must know.
    versions : dict of str to str
        Versions of what computed it.
    date : str
        When, ISO 8601.
    """

    changes: tuple[Change, ...]
    metric: str
    greater_is_better: bool
    tolerance: float
    recipe: str = ""
    split: str = ""
    features: tuple[str, ...] = ()
    scores: tuple[float, ...] = ()
    fits: int = 0
    random_state: int = 0
    unit: str = ""
    simulated: bool = False
    notes: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    date: str = ""

    @property
    def baseline(self) -> float:
        """Mean metric of the full model over fits."""
        return float(np.nanmean(self.scores)) if np.isfinite(self.scores).any() else math.nan

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What is to be said of each variant, with p-values and what would be needed to tell."""
        return tuple(judge(self.changes, self.greater_is_better, self.tolerance))

    def verdict(self, label: str) -> str:
        """Give the verdict on one variant, such as "safe to drop" or "cannot tell".

        Parameters
        ----------
        label : str
            Of the variant.

        Raises
        ------
        InputError
            If there is no such variant.
        """
        labels = [change.label for change in self.changes]
        if label not in labels:
            raise InputError(f"Unknown variant {label!r}.{nearest(label, labels)}")
        return self.verdicts[labels.index(label)].word

    def to_frame(self, confidence_level: float = 0.95) -> pd.DataFrame:
        """Give one row per variant, in the order they were asked for.

        Parameters
        ----------
        confidence_level : float
            Of the interval, between 0 and 1. Verdicts are those of 0.95.

        Returns
        -------
        pandas.DataFrame
            Columns: variant, kind, dropped, added, metric, full, score, change (score - full), se, ci_lower, ci_upper,
            worse_by (the change, positive where the metric gets worse), df, pvalue, pvalue_holm, verdict, fits,
            failed, fits_needed, rows_needed.

        Raises
        ------
        InputError
            If `confidence_level` is not between 0 and 1.
        MissingDependencyError
            Without pandas.
        """
        pd = require("pandas", "fastai", "give a data frame")
        lower, upper = self._ends(confidence_level)
        sign = -1.0 if self.greater_is_better else 1.0
        rows = [
            {
                "variant": change.label,
                "kind": change.kind,
                "dropped": ", ".join(change.dropped),
                "added": ", ".join(change.added),
                "metric": self.metric,
                "full": _mean(change.full, change.scores),
                "score": _mean(change.scores, change.full),
                "change": change.estimate,
                "se": change.spread.se if change.spread.known else math.nan,
                "ci_lower": lower[place],
                "ci_upper": upper[place],
                "worse_by": sign * change.estimate,
                "df": change.spread.df,
                "pvalue": verdict.pvalue,
                "pvalue_holm": verdict.pvalue_holm,
                "verdict": verdict.word,
                "fits": change.n_fits,
                "failed": self.fits - change.n_fits,
                "fits_needed": verdict.fits_needed,
                "rows_needed": verdict.rows_needed,
            }
            for place, (change, verdict) in enumerate(zip(self.changes, self.verdicts, strict=True))
        ]
        return pd.DataFrame(rows).astype({"fits_needed": "Int64", "rows_needed": "Int64"})

    def summary(self, confidence_level: float = 0.95) -> str:
        """Say in one sentence per variant what it does, how sure that is, and what follows.

        Parameters
        ----------
        confidence_level : float
            Of the intervals, between 0 and 1. Verdicts are those of 0.95.

        Raises
        ------
        InputError
            If `confidence_level` is not between 0 and 1.
        """
        self._ends(confidence_level)
        return "\n".join(
            sentence(
                change,
                verdict,
                metric=self.metric,
                greater_is_better=self.greater_is_better,
                unit=self.unit,
                confidence_level=confidence_level,
            )
            for change, verdict in zip(self.changes, self.verdicts, strict=True)
        )

    def plot(self, *, ax: Any = None, title: str | None = None) -> Any:
        """Draw how much worse each variant makes the metric, with whiskers for the 95% interval.

        Bars whose interval holds 0 are pale; the dotted line is the tolerance.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default. It is never shown: call ``plt.show()`` outside a notebook.
        title : str, optional
            Instead of the usual one.

        Returns
        -------
        matplotlib Axes
        """
        lower, upper = self._ends(0.95)
        sign = -1.0 if self.greater_is_better else 1.0
        values = sign * np.array([change.estimate for change in self.changes])
        ends = (sign * lower, sign * upper) if sign > 0 else (sign * upper, sign * lower)
        known = np.isfinite(lower)
        number = signed_number(float(np.median((upper - lower)[known])) / 2 if known.any() else 0.0)
        ax = _plots.bars(
            [variant(change) for change in self.changes],
            values,
            interval=ends if known.any() else None,
            labels=[
                f"{number(value)}  {verdict.word}"
                for value, verdict in zip(values, self.verdicts, strict=True)
            ],
            title=("SIMULATED DATA - " if self.simulated else "") + (title or TITLE),
            subtitle=self._about(", dotted line"),
            xlabel=f"how much worse {self.metric} gets when trained so{f', in {self.unit}' if self.unit else ''}",
            ax=ax,
        )
        ax.axvline(self.tolerance, color="0.5", linewidth=1, linestyle=":", zorder=1, gid="tolerance")
        return ax

    def to_html(
        self, path: Path | str | None = None, *, title: str | None = None, force: bool = False
    ) -> str | None:
        """Write one HTML page to send around: verdicts, table with bars, how to read it, how it was made.

        Parameters
        ----------
        path : path or str, optional
            Where to; without, the page is returned.
        title : str, optional
            Instead of the usual one.
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
        """
        from weighin._results.ablation_page import page_of

        if path is not None:
            check_free(Path(path), force=force)
        page = page_of(self, title or "Trained again: what can go, and what helps")
        return given_or_written(page, path)

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
        values["changes"] = [dataclasses.asdict(change) for change in self.changes]
        verdicts = [
            {"verdict": verdict.word, "sentence": text}
            for verdict, text in zip(self.verdicts, self.summary().splitlines(), strict=True)
        ]
        _file.write(path, FORMAT, {**values, "verdicts": verdicts}, force=force)

    @classmethod
    def load(cls, path: Path | str) -> Ablation:
        """Read what `save` wrote.

        Parameters
        ----------
        path : path or str
            Where from.

        Raises
        ------
        InputError
            If the file is not there, is no ablation of weighin, is damaged, or has another version.
        """
        content = _file.read(path, FORMAT)
        try:
            values = {entry.name: content[entry.name] for entry in fields(cls)}
            values["changes"] = tuple(_change(one) for one in values["changes"])
            values["scores"] = tuple(_file.number(score) for score in values["scores"])
            values["tolerance"] = _file.number(values["tolerance"])
            for name in ("features", "notes"):
                values[name] = tuple(values[name])
            result = cls(**values)
            result.summary()  # what cannot be told is damaged
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(f"'{path}' is damaged: {type(error).__name__}: {error}") from error
        return result

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Table | Text]:
        """Table for a terminal."""
        from rich import box
        from rich.table import Table
        from rich.text import Text

        heading = "Trained again" + (" - SIMULATED DATA" if self.simulated else "")
        table = Table(title=heading, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
        longest = max(len(variant(change)) for change in self.changes)
        table.add_column(
            "variant", overflow="fold", min_width=min(longest, 32, max(8, options.max_width - 61))
        )
        unit = f" ({self.unit})" if self.unit else ""
        table.add_column(Text(printable(f"{self.metric} changes by{unit}")), justify="right")
        table.add_column("95% interval", justify="right", no_wrap=True)
        table.add_column("verdict", min_width=max(len(verdict.word) for verdict in self.verdicts))
        lower, upper = self._ends(0.95)
        for place, (change, verdict) in enumerate(zip(self.changes, self.verdicts, strict=True)):
            half = (upper[place] - lower[place]) / 2
            number = signed_number(half if math.isfinite(half) else change.estimate / 10)
            between = f"{number(lower[place])} to {number(upper[place])}" if math.isfinite(half) else "-"
            style = {"hurts": "red", "worth keeping": "green", "cannot tell": "dim"}.get(verdict.word, "")
            table.add_row(
                Text(printable(variant(change))), number(change.estimate), between, Text(verdict.word, style)
            )
        yield table
        notes = [self._about(), *self.summary().splitlines(), *failures(self.changes), *self.notes]
        yield Text("\n".join(printable(line) for line in notes))

    def __str__(self) -> str:
        from rich.console import Console

        page = io.StringIO()
        Console(file=page, width=110, color_system=None).print(self)
        return "\n".join(line.rstrip() for line in page.getvalue().splitlines()).strip("\n")

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Table for a notebook."""
        from weighin._results.ablation_page import table_of

        heading = "Trained again" + (" - SIMULATED DATA" if self.simulated else "")
        said = [self._about(), *self.summary().splitlines(), *failures(self.changes), *self.notes]
        return table_of(self, heading, said)

    def _ends(self, confidence_level: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        if not 0 < confidence_level < 1:
            raise InputError(f"confidence_level must be between 0 and 1, got {confidence_level!r}.")
        ends = [change.spread.interval(change.estimate, confidence_level) for change in self.changes]
        return np.array([low for low, _ in ends]), np.array([high for _, high in ends])

    def _about(self, where: str = "") -> str:
        better = "higher" if self.greater_is_better else "lower"
        holm = (
            f"; verdicts are adjusted for {len(self.changes)} variants (Holm)"
            if len(self.changes) > 1
            else ""
        )
        return (
            f"Full model: {self.metric} {self.baseline:.4g} ({better} is better), {self.recipe}, {self.fits} "
            f"fit{'s' * (self.fits != 1)} each, seed {self.random_state}; {self.split}. What is below "
            f"{tolerance_text(self.tolerance, self.baseline, self.unit, where)} does not matter{holm}."
        )


def _mean(values: tuple[float, ...], paired: tuple[float, ...]) -> float:
    both = np.isfinite(values) & np.isfinite(paired)
    return float(np.mean(np.array(values)[both])) if both.any() else math.nan


def _change(content: Mapping[str, Any]) -> Change:
    values = dict(content)
    values["spread"] = _file.spread(values["spread"])
    values["estimate"] = _file.number(values["estimate"])
    for name in ("scores", "full"):
        values[name] = tuple(_file.number(score) for score in values[name])
    for name in ("features", "dropped", "added", "errors"):
        values[name] = tuple(values[name])
    return Change(**values)
