"""What weighing found, in a form one can hold, print, draw and keep."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from weighin._base.checks import check_limit
from weighin._base.errors import InputError, nearest
from weighin._base.files import as_path, check_free, together
from weighin._base.text import ARROWS
from weighin._display.codec import Kind, from_json, to_json
from weighin._display.telling import Telling
from weighin._inference import EVIDENCE_SCHEMA, LINKS, Evidence, Link, evidence_from_json, evidence_to_json
from weighin._results.associations import Associations
from weighin._results.base import Result
from weighin._results.effects import Effects
from weighin._results.importance_charts import of_metric
from weighin._results.importance_columns import columns
from weighin._results.importance_merge import merged
from weighin._results.importance_numbers import ImportanceNumbers
from weighin._results.importance_plot import ChartOptions, draw
from weighin._results.importance_sections import kept_associations, kept_effects
from weighin._results.importance_telling import tell
from weighin._results.row_file import read_rows, write_rows


@dataclass(frozen=True, eq=False, repr=False)
class Importance(ImportanceNumbers, Result):
    """How much each feature weighs in a trained model.

    Attributes
    ----------
    features : tuple of str
        Features and groups, in the model's order.
    importances : ndarray of shape (n_features, n_repeats)
        How much worse the metric got in each shuffle, in units of the metric. Positive means that the model gets
        worse without the feature, whichever direction of the metric is better.
    baseline : float
        The metric on the same rows before any shuffle.
    metric : str
        Name of the metric.
    greater_is_better : bool
        Direction of the metric.
    n_rows : int
        Rows the metric was taken over.
    rows : str
        Which rows they were, in words.
    on_training_rows : bool or None
        True when the model was trained on some of these rows, None when nobody knows.
    model : str
        Which model, in words.
    random_state : int
        Seed that gives these numbers again.
    block_rows : int
        Rows of the donor-closed blocks that rows exchange values in.
    groups : dict of str to tuple of str
        Members of the entries of `features` that are groups.
    kernels : dict of str to str
        How each feature was predicted: "sum", "levels" (exact, for networks whose first layer is a sum of parts),
        "ignored" (the model cannot see it: exactly 0), "generic" (through the model itself).
    device : str
        Where predictions, losses and sums were made, off the CPU.
    directions : dict of str to str
        Which way predictions go as a feature grows, for features of which it is known: see `with_effects`.
    simulated : bool
        True when the data were made up; every view says so.
    complete, unfinished : bool, tuple of str
        False when the run was interrupted, and features it had no time for: weigh them with the same seed and
        `n_repeats`, and `merge`.
    notes : tuple of str
        What a reader must know.
    versions : dict of str to str
        Versions of what computed it.
    date : str
        When, ISO 8601.
    link : Link
        What the metric is of the mean loss per row.
    evidence : tuple
        What intervals are made of; empty for a metric without.
    by : str
        What the rows were told apart by, with ``weigh(..., by=...)``.
    segment : str, int, float or None
        Which of them this part is about; None for all rows.
    parts : tuple of Importance
        The other metrics, the segments of each, and both of these given other columns; see `of`.
    rows_sum : str
        Sum of the target, row by row: results of one sum were weighed on the same rows.
    kept : RowChanges or None
        What each swap changed row by row, with ``weigh(..., keep_rows=True)``.
    effects : Effects or None
        The curves of the heaviest features, for its page: see `with_effects`.
    associations : Associations or None
        The columns that go together, for its page: see `with_associations`.
    command : str
        What gave these numbers, where it was a command.
    given : str
        What features were shuffled given, with ``weigh(..., given=...)``: "" for freely, "rest" for all other columns,
        "home_elo, away_elo" for these, "per feature" where it differs.
    given_reports : dict of str to GivenFeature
        How much of each feature the given columns explain, and how well.
    target, unit : str
        What is predicted and in which unit, where that is known: see `with_target`.

    Notes
    -----
    Columns of `to_frame`: feature, metric, importance, se, se_data, se_shuffle, ci_lower, ci_upper, relative, pvalue,
    pvalue_holm, few_rows, rank; with ``by=`` also segment, None for all rows; with ``given=`` also given, own_share,
    off_data and correlated, which `GivenFeature` explains. One row per feature, the heaviest first;
    metric after metric, and segment after segment. Those about certainty are NaN for a metric without intervals;
    p-values are adjusted among the features of a metric and segment.

    Examples
    --------
    >>> import numpy as np
    >>> imp = Importance(("spread", "week"), np.array([[7.0, 8.0], [0.0, 0.1]]), 12.5, "mae", False, 730)
    >>> imp.importances_mean.tolist()
    [7.5, 0.05]
    """

    _format = "weighin.importance"
    _kinds: ClassVar[dict[Any, Kind]] = {
        Link: Kind(str, LINKS.__getitem__, {"enum": list(LINKS)}),
        Evidence: Kind(
            lambda evidence: evidence_to_json(evidence, to_json),
            lambda values: evidence_from_json(values, from_json),
            EVIDENCE_SCHEMA,
        ),
    }
    _left_out = frozenset({"kept"})

    def tell(self, confidence_level: float = 0.95, limit: int = 5) -> Telling:
        check_limit(limit)
        return tell(self, confidence_level, limit)

    def plot(
        self,
        kind: Literal["bars", "given", "shuffles", "segments"] | None = None,
        *,
        metric: str | None = None,
        ax: Any = None,
        limit: int = 20,
        relative: bool = False,
        style: Literal["article"] | None = None,
        title: str | None = None,
        confidence_level: float = 0.95,
    ) -> Any:
        """Draw what weighs how much, the heaviest on top.

        Parameters
        ----------
        kind : {"bars", "given", "shuffles", "segments"}, optional
            Bars with whiskers for the interval, pale where nothing may be claimed (for a metric without
            intervals, marks show the single shuffles); a hollow dot for a feature shuffled freely and a full one for
            the same given others, the default for ``weigh(..., given=[None, "rest"])``; a dot for every single
            shuffle; or a table of colours, features by segments, for ``weigh(..., by=...)``.
        metric : str, optional
            Which one, of a result with several; the first by default.
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default. It is never shown: call ``plt.show()`` outside a notebook. Colours
            suit the ground, light or dark.
        limit : int
            At most so many features.
        relative : bool
            In parts of the baseline instead of units of the metric.
        style : "article", optional
            Bars as the article drew them: 20 x 10 inches in fivethirtyeight's style, names cut at 25 characters, no
            whiskers.
        title : str, optional
            Instead of the usual one.
        confidence_level : float
            Of intervals and of what is pale, between 0 and 1.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        InputError
            On arguments it does not know, or a chart that this result has no numbers for.
        """
        shown = self if metric in (None, self.metric) else of_metric(self, str(metric))
        return draw(shown, ChartOptions(kind, ax, limit, relative, style, title, confidence_level))

    def _with(self, further: Any, confidence_level: float) -> tuple[Self, Sequence[Any]]:
        """Effects and associations belong to the result itself: arrows, curves, columns that go together."""
        shown, others = self, []
        for result in further:
            if isinstance(result, Effects):
                shown = shown.with_effects(result)
            elif isinstance(result, Associations):
                shown = shown.with_associations(result)
            else:
                others.append(result)
        return shown, others

    def with_target(self, name: str | None = None, *, unit: str | None = None) -> Self:
        """Give the same result with what is predicted, and in which unit, for its page and its sentences.

        Parameters
        ----------
        name : str, optional
            What is predicted; what is known of it by default: the name of the target's column.
        unit : str, optional
            Of the target, in the plural: "points".

        Examples
        --------
        >>> import numpy as np
        >>> from weighin import Importance
        >>> imp = Importance(("spread", "week"), np.array([[7.0], [0.1]]), 12.5, "mae", False, 730)
        >>> imp.with_target("margin", unit="points").tell().headline
        'Predictions miss by 12.5 points on average; with spread shuffled, by 19.5.'
        """
        for what, text in (("name", name), ("unit", unit)):
            if text is not None and not isinstance(text, str):
                raise InputError(f"{what} must be a text or None, got {text!r}.")
        target = self.target if name is None else name
        return dataclasses.replace(self, target=target, unit=self.unit if unit is None else unit)

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
        words = (
            # of the others nobody knows which way they go
            {effect.feature: effect.direction for effect in effects.effects if effect.direction_known}
            if isinstance(effects, Effects)
            else effects
        )
        if not isinstance(words, Mapping):
            raise InputError(
                f"effects must be a result of weighin.effects or a mapping, got {type(effects).__name__}."
            )
        for name, word in words.items():
            if word not in ARROWS:
                raise InputError(
                    f"The direction of {name!r} must be one of {', '.join(map(repr, ARROWS))}, got {word!r}."
                )
            # `effects` may know more features
            if name not in self.features and words is effects:
                raise InputError(f"Unknown feature {name!r}.{nearest(name, self.features)}")
        words_known = {name: words[name] for name in self.features if name in words}
        parts = tuple(part.with_effects(words_known) for part in self.parts)
        curves = kept_effects(self, effects) if isinstance(effects, Effects) else self.effects
        return dataclasses.replace(self, directions=words_known, parts=parts, effects=curves)

    def with_associations(self, associations: Any) -> Self:
        """Give the same result with the columns that go together, for its page and its file.

        Parameters
        ----------
        associations : Associations
            What `weighin.associations` has found in the same rows.

        Raises
        ------
        InputError
            If it is something else.
        """
        if not isinstance(associations, Associations):
            raise InputError(
                "associations must be a result of weighin.associations, got "
                + type(associations).__name__
                + "."
            )
        return dataclasses.replace(self, associations=kept_associations(associations))

    def _columns(self, confidence_level: float) -> dict[str, Any]:
        return columns(self, confidence_level)

    def save(self, path: Path | str, *, force: bool = False) -> None:
        """Write the result as JSON, whole or not at all.

        Parameters
        ----------
        path : path or str
            Where to.
        force : bool
            Replace what is there.

        Notes
        -----
        What ``keep_rows=True`` kept goes into a file of the same name that ends in ``.npz``.

        Raises
        ------
        OutputExistsError
            If `path` exists and `force` is false.
        """
        path = as_path(path)
        check_free(path, force=force)
        with together():
            super().save(path, force=force)
            if self.kept is not None:
                write_rows(path.with_suffix(".npz"), self.kept, force=force)

    def to_json(self) -> str:
        """Give the whole result as JSON, exact and unrounded: what `save` writes, without rows that were kept.

        Returns
        -------
        str
            An object with "format" and "version".
        """
        return self._codec().text(self, relative=to_json(self.relative), rows_beside=self.kept is not None)

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
            If the file is not there, is no result of weighin, is damaged, or has another version of the format.
        """
        path = as_path(path)
        result, more = cls._codec().read(path)
        kept = None
        if more.get("rows_beside"):
            kept = read_rows(path.with_suffix(".npz"), result.importances.shape)
        loaded: Self = result if kept is None else dataclasses.replace(result, kept=kept)
        return loaded._checked(path)

    def merge(self, other: Self) -> Self:
        """Join two results of the same plan, such as the two parts of an interrupted run.

        Parameters
        ----------
        other : Importance
            Of the same model, rows, metric, number of shuffles and seed; other features.

        Returns
        -------
        Importance
            The features of both, as one run would have given them.

        Raises
        ------
        InputError
            Naming what differs, or the features in both.

        Examples
        --------
        >>> import numpy as np
        >>> done = Importance(
        ...     ("spread",), np.array([[7.0]]), 12.5, "mae", False, 730, complete=False, unfinished=("week",)
        ... )
        >>> rest = Importance(("week",), np.array([[0.1]]), 12.5, "mae", False, 730)
        >>> done.merge(rest).complete
        True
        """
        return merged(self, other)
