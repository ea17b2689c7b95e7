"""How a result looks: table, notebook, page, and its charts."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from weighin._base.errors import InputError, nearest
from weighin._base.files import check_free, given_or_written
from weighin._base.text import ARROWS, formatter, percent, printable, width_of_output
from weighin._results.importance_charts import Drawn
from weighin._results.importance_page import page_of, page_parts

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions
    from rich.table import Table
    from rich.text import Text


class Shown(Drawn):
    """What a result shows of itself."""

    def to_html(
        self,
        path: Path | str | None = None,
        *,
        effects: Any = None,
        associations: Any = None,
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
        effects : Effects or dict, optional
            What `weighin.effects` has found of the same model; that of `with_effects` by default.
        associations : Associations or dict, optional
            What `weighin.associations` has found in the same rows; that of `with_associations` by default.
        ablation : Ablation or dict, optional
            What `ablate` has found.
        title : str
            Of the window.
        command : str
            What gives these numbers again, shown at the end; the one `weighin run` was called by, where it was.
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
        from weighin._display.page import render

        if path is not None:
            check_free(Path(path), force=force)
        told = page_of(
            self,
            title=title,
            command=command or self.further.get("command", ""),
            effects=self.further.get("effects") if effects is None else effects,
            associations=self.further.get("associations") if associations is None else associations,
            ablation=ablation,
        )
        page = render(told)
        return given_or_written(page, path)

    def with_effects(self, effects: Any) -> Self:
        """Give the same result with arrows, in every view, for the way predictions go as a feature grows.

        Its page, and its file, then hold the curves of the eight heaviest features, too.

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
        more = page_parts(self, effects=effects) if words is not effects else {**self.further}
        # the dataclass is `Importance`, which this is a base of
        return replace(self, directions=known, parts=parts, further=more)  # type: ignore[type-var]  # it is a dataclass

    def with_associations(self, associations: Any) -> Self:
        """Give the same result with the columns that go together, for its page and its file.

        Parameters
        ----------
        associations : Associations or dict
            What `weighin.associations` has found in the same rows.

        Raises
        ------
        InputError
            If it is something else.
        """
        # as in `with_effects`
        return replace(self, further=page_parts(self, associations=associations))  # type: ignore[type-var]  # it is a dataclass

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Table | Text]:
        """Table for a terminal."""
        from rich.text import Text

        from weighin._display.weights_table import weights_table

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
        Console(file=page, width=width_of_output(), color_system=None).print(self)
        return "\n".join(line.rstrip() for line in page.getvalue().splitlines()).strip("\n")

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Table for a notebook."""
        from weighin._display.notebook import Row, table_html

        order, (lower, upper) = self._order(), self.interval()
        number, few = formatter(self.importances_mean), self._from_judged("few_rows")
        rows = []
        for i in order:
            value, low, high = (float(some[i]) for some in (self.importances_mean, lower, upper))
            cells = [number(value), percent(self.relative[i])]
            if self._judged is not None:
                cells.insert(1, f"{number(low)} to {number(high)}" if np.isfinite(low) else "-")
            word = self.directions.get(self.features[i], "")
            sign = ARROWS.get(word, "")
            rows.append(Row(self.features[i], cells, value, low, high, sign, word, bool(few[i] == 1)))
        columns = ["feature", self._effect(), "95 % interval", "of baseline"]
        if self._judged is None:
            columns.remove("95 % interval")
        remarks = [self._about(), *self._remarks(), *self.notes]
        return table_html(
            self._marked("What the model weighs"), columns, rows, remarks, "to_frame(), plot(limit=...)"
        )
