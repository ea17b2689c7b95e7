"""What an importance tells: table, remarks, sentences, charts, how it was made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from weighin._base.errors import listing
from weighin._base.text import printable
from weighin._display.numbers import write
from weighin._display.telling import Table, Telling
from weighin._results.given_chart import dumbbell
from weighin._results.given_feature import alike, shuffled
from weighin._results.given_sentences import findings
from weighin._results.given_words import beside, given_notes
from weighin._results.glossary import words
from weighin._results.importance_charts import bars
from weighin._results.importance_details import details
from weighin._results.importance_numbers import ImportanceNumbers
from weighin._results.importance_sections import GIVEN, READING, effect_curves, sections, warnings
from weighin._results.importance_sentences import baseline_sentence, headline
from weighin._results.importance_steps import steps
from weighin._results.importance_table import table, table_of_both
from weighin._results.importance_words import TITLE, about
from weighin._results.listed import few_rows_sentence
from weighin._results.provenance import made as with_provenance


def tell(numbers: ImportanceNumbers, confidence_level: float, limit: int) -> Telling:
    """Say all of it: `limit` features in sentences of their own."""
    metrics = [numbers.of(metric, numbers.segment) for metric in numbers.metrics]
    other = beside(numbers, numbers.metric)
    free = other if other is not None and numbers.given and not other.given else numbers
    return Telling(
        title=TITLE,
        kicker=_kicker(numbers),
        tables=[_table(numbers, part, confidence_level) for part in metrics],
        remarks=[about(numbers), *remarks(numbers)],
        elsewhere=further_views(numbers),
        sentences=[
            *baseline_sentence(numbers),
            *findings(numbers, other, limit, printable, confidence_level),
            *_cautions(numbers),
        ],
        reading=[*READING, *(GIVEN if any(numbers.givens) else ()), _which_rows(numbers)],
        made=made(numbers),
        notes=[
            *map(
                printable,
                dict.fromkeys([*numbers.notes, *(numbers.effects.notes if numbers.effects else ())]),
            ),
            *lighter_groups(numbers),
            *_of_given(numbers, other),
        ],
        simulated=numbers.simulated,
        charts=[
            bars(part, part.order, relative=relative, level=confidence_level)
            if other is None
            else dumbbell(numbers, part.order, relative=relative, level=confidence_level, metric=part.metric)
            for part in metrics
            for relative in _scales(part)
        ],
        sections=sections(numbers, confidence_level),
        warnings=warnings(numbers),
        command=numbers.command or _call(numbers),
        headline=headline(free, confidence_level) if baseline_sentence(numbers) else "",
        details=details(numbers, confidence_level),
        effects=effect_curves(numbers, confidence_level),
        steps=steps(free, other if free is numbers else numbers, confidence_level),
        glossary=_glossary(numbers),
    )


def _kicker(numbers: ImportanceNumbers) -> str:
    """Which model, what it predicts and in which unit, on which rows."""
    effects = numbers.effects
    what = numbers.target or ("" if effects is None or effects.what == "the prediction" else effects.what)
    unit = f", in {numbers.unit}" if numbers.unit else ""
    predicted = f" predicts {what.removeprefix('the predicted ')}{unit}" if what else ""
    return f"{numbers.model or 'A trained model'}{predicted}, on {numbers.rows or f'{numbers.n_rows:,} rows'}"


def _glossary(numbers: ImportanceNumbers) -> list[tuple[str, str]]:
    terms = ["Shuffle", "Importance", "Metric", "Baseline"]
    if numbers.evidence:
        terms += ["Interval", "Cannot be told apart from zero", "p (Holm)"]
    terms += ["Given the other columns", "Explained"] * any(numbers.givens)
    terms += ["Effect"] * (numbers.effects is not None) + ["Goes with"] * (numbers.associations is not None)
    return words(*terms)


def _scales(numbers: ImportanceNumbers) -> list[bool]:
    return [False, True] if np.isfinite(numbers.relative).any() else [False]


def _given(numbers: ImportanceNumbers) -> Any:
    """The argument that features were shuffled given, as far as a result knows it."""
    asked = [
        given if given in ("rest", "per feature") else given.split(", ") if given else None
        for given in numbers.givens
    ]
    if "per feature" in asked:
        return {name: list(report.given) for name, report in numbers.given_reports.items()}
    return asked if len(asked) > 1 else asked[0] or ""


def _table(numbers: ImportanceNumbers, part: ImportanceNumbers, confidence_level: float) -> Table:
    other = beside(numbers, part.metric)
    return table(part, confidence_level) if other is None else table_of_both(part, other, confidence_level)


def _of_given(numbers: ImportanceNumbers, other: ImportanceNumbers | None) -> list[str]:
    """Notes on features shuffled given others, whichever of the two it is."""
    both = [part for part in (numbers, other) if part is not None and part.given]
    return list(dict.fromkeys(note for part in both for note in given_notes(part)))


def _which_rows(numbers: ImportanceNumbers) -> str:
    trained = numbers.on_training_rows
    if trained:
        return (
            "Which rows: some of these were used to train the model. It may rely on noise it memorised there: weigh it "
            "on rows it has not seen."
        )
    if trained is None:
        return (
            "Which rows: it is not known whether the model was trained on these rows. On training rows it "
            "may rely on noise it memorised."
        )
    return "Which rows: the model was not trained on these rows, as it should be."


def _call(numbers: ImportanceNumbers) -> str:
    """Write the call that gives these numbers again, as far as a result knows it."""
    metrics = list(numbers.metrics)
    asked: dict[str, Any] = {
        "metric": metrics if len(metrics) > 1 else metrics[0],
        "groups": {name: list(members) for name, members in numbers.groups.items()},
        "by": numbers.by,
        "given": _given(numbers),
        "n_repeats": numbers.n_repeats,
        "random_state": numbers.random_state,
    }
    arguments = ", ".join(f"{name}={value!r}" for name, value in asked.items() if value not in ("", {}))
    return f"weighin.weigh(model, rows, {arguments})"


def remarks(numbers: ImportanceNumbers) -> list[str]:
    """What a reader of table or chart must know."""
    lines = []
    if any(name in numbers.directions for name in numbers.features):
        lines.append("Arrows: which way predictions go as the feature grows.")
    if any(numbers.givens):
        lines.append(
            "Explained: how much of a feature's variance the columns explain that it is shuffled given."
        )
    if numbers.unfinished:
        lines.append(f"Not finished: {listing(numbers.unfinished)}.")
    moved = np.any(numbers.importances != 0, axis=1)
    few = [numbers.features[i] for i in np.flatnonzero(numbers.few_rows & moved)]
    return [*lines, *few_rows_sentence(few)]


def further_views(numbers: ImportanceNumbers) -> list[str]:
    """Name other metrics and segments that were asked for, and say how to see them."""
    if numbers.segment is not None:
        return []
    lines = []
    others = [name for name in numbers.metrics if name != numbers.metric]
    more = numbers.givens[2:]
    if more:
        lines.append(
            f"Measured as well: {listing(list(map(shuffled, more)))}. See .of(given={more[0]!r}), to_frame()."
        )
    if others:
        lines.append(f"Measured as well: {listing(others)}. See .of({others[0]!r}), to_frame().")
    if numbers.segments:
        lines.append(
            f"By {printable(numbers.by)}: {listing(list(map(str, numbers.segments)), 12)}. "
            f'See plot("segments"), .of(segment={numbers.segments[0]!r}), to_frame().'
        )
    return lines


def _cautions(numbers: ImportanceNumbers) -> list[str]:
    lines = []
    if numbers.on_training_rows:
        lines.append(
            "The model was trained on some of these rows: it may rely on noise it memorised, and on "
            "columns that would not help it on other rows."
        )
    if numbers._claims() is None:
        lines.append(f"{numbers.metric} has no intervals here: small values may be noise.")
    if numbers.unfinished:
        lines.append(f"Not finished: {listing(numbers.unfinished)}.")
    return lines


def lighter_groups(numbers: ImportanceNumbers) -> list[str]:
    """Explain groups that weigh less than one of their members does alone."""
    mean = dict(zip(numbers.features, numbers.importances_mean, strict=True))
    lines = []
    for group, members in numbers.groups.items():
        heavier = [name for name in members if name in mean and mean[name] > mean[group]]
        if heavier and _surely_lighter(numbers, group, heavier):
            lines.append(
                f"{printable(group)} weighs less than its member{'s' * (len(heavier) > 1)} "
                f"{listing(list(map(printable, heavier)))}: shuffled together, the members still fit each "
                "other, while a member shuffled alone meets values of the others that do not occur with it."
            )
    return lines


def _surely_lighter(numbers: ImportanceNumbers, group: str, members: Sequence[str]) -> bool:
    """Whether more than chance makes a group lighter than one of its members; so where nobody knows."""
    if not numbers.evidence:
        return True
    for member in members:
        try:
            if numbers.difference(member, group).ci_lower > 0:
                return True
        except ValueError:
            return True
    return False


def _donors(numbers: ImportanceNumbers) -> str:
    moments = [part.moments[0] for part in numbers.evidence if part.moments]
    spread = sum(sum(part.spread) for part in moments)
    free = "the same donors for all of them"
    if spread:
        others = spread < sum(part.n_units for part in moments)
        free = "donors spread over its values" + f" for {spread} of them, the same for the others" * others
    ways = [free if not given else f"its own donors{alike(given)}" for given in numbers.givens]
    return "; and ".join(ways)


def made(numbers: ImportanceNumbers) -> list[tuple[str, str]]:
    """Say how it was made: what somebody needs who wants to do it again."""
    better = "higher" if numbers.greater_is_better else "lower"
    metrics = f"{numbers.metric}, {better} is better; {write(numbers.baseline, digits=5)} before any shuffle"
    others = ", ".join(metric for metric in numbers.metrics if metric != numbers.metric)
    return with_provenance(
        numbers,
        ("Model", numbers.model),
        ("Rows", numbers.rows or f"{numbers.n_rows:,} rows"),
        ("Metric", metrics + (f"; also {others}" if others else "")),
        ("Shuffles", f"{numbers.n_repeats} of each feature, {_donors(numbers)}"),
        ("Seed", str(numbers.random_state)),
        ("Device", numbers.device),
        ("Segments", numbers.by),
        ("Groups", "; ".join(f"{name}: {', '.join(members)}" for name, members in numbers.groups.items())),
        ("Not finished", ", ".join(numbers.unfinished)),
    )
