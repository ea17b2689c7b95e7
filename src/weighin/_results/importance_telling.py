"""What an importance tells: table, remarks, sentences, charts, how it was made."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from weighin._base.errors import listing
from weighin._base.text import ARROWS, printable
from weighin._display.numbers import interval_name, percent, rounded, write
from weighin._display.telling import Bar, Column, Row, Table, Telling
from weighin._results.importance_charts import bars, pushes, verdicts
from weighin._results.importance_numbers import ImportanceNumbers
from weighin._results.importance_sections import READING, sections, warnings
from weighin._results.importance_sentences import baseline_sentence, sentences
from weighin._results.importance_words import TITLE, about, effect_label, heading
from weighin._results.listed import few_rows_sentence
from weighin._results.one_feature import probability
from weighin._results.provenance import made as with_provenance


def tell(numbers: ImportanceNumbers, confidence_level: float, limit: int) -> Telling:
    """Say all of it: `limit` features in sentences of their own."""
    metrics = [numbers.of(metric, numbers.segment) for metric in numbers.metrics]
    return Telling(
        title=TITLE,
        kicker=_kicker(numbers),
        tables=[_table(part, confidence_level) for part in metrics],
        remarks=[about(numbers), *remarks(numbers)],
        elsewhere=further_views(numbers),
        sentences=[
            *baseline_sentence(numbers),
            *sentences(numbers, limit, printable, confidence_level),
            *_cautions(numbers),
        ],
        reading=[*READING, _which_rows(numbers)],
        made=made(numbers),
        notes=[*map(printable, numbers.notes), *lighter_groups(numbers)],
        simulated=numbers.simulated,
        charts=[
            bars(part, part.order, relative=part_of, level=confidence_level)
            for part in metrics
            for part_of in _scales(part)
        ],
        sections=sections(numbers, confidence_level),
        warnings=warnings(numbers),
        command=numbers.command or _call(numbers),
    )


def _kicker(numbers: ImportanceNumbers) -> str:
    """Which model, what it predicts, which rows."""
    effects = numbers.effects
    predicted = f"; {effects.what}" if effects is not None and effects.what != "the prediction" else ""
    return f"{numbers.model or 'A trained model'}, on {numbers.rows or f'{numbers.n_rows:,} rows'}{predicted}"


def _scales(numbers: ImportanceNumbers) -> list[bool]:
    return [False, True] if np.isfinite(numbers.relative).any() else [False]


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
        "n_repeats": numbers.n_repeats,
        "random_state": numbers.random_state,
    }
    arguments = ", ".join(f"{name}={value!r}" for name, value in asked.items() if value not in ("", {}))
    return f"weighin.weigh(model, rows, {arguments})"


def _table(numbers: ImportanceNumbers, confidence_level: float) -> Table:
    (lower, upper), claims = numbers.interval(confidence_level), numbers._claims(confidence_level)
    part_lower, part_upper = numbers.relative_interval(confidence_level)
    mean, noise, relative = numbers.importances_mean, numbers.importances_std, numbers.relative
    rows, said = [], verdicts(numbers, confidence_level)
    for i in map(int, numbers.order):
        name, few, moved = numbers.features[i], bool(numbers.few_rows[i]), bool(numbers.importances[i].any())
        low, high = (math.nan, math.nan) if few else (float(lower[i]), float(upper[i]))
        number = rounded(float(mean[i]), low, high)
        part_ends = (math.nan, math.nan) if few else (float(part_lower[i]), float(part_upper[i]))
        part = percent(float(relative[i]), *part_ends)
        word = numbers.directions.get(name, "")
        if claims is None:
            around = write(float(noise[i])) if numbers.n_repeats > 1 else "-"
            cells = [number.value, around, part]
        else:
            around = "too few rows" if few else number.interval
            if not moved:
                around = "not read" if numbers.ignored[i] else "no change"
            sure = probability(float(claims.adjusted[i])) if moved and not few else "-"
            cells = [number.value, around, sure, part]
        rows.append(
            Row(
                name,
                cells,
                Bar(float(mean[i]), low, high),
                sign=ARROWS.get(word, ""),
                meaning=word,
                claimed=claims is None or bool(claims.any[i]),
                note=_note(numbers, name, word, said[i]),
            )
        )
    level = interval_name(confidence_level)
    between = (
        [Column("± shuffling")]
        if claims is None
        else [Column(level, "right"), Column("p (Holm)", gives_way=2)]
    )
    columns = [Column(effect_label(numbers)), *between, Column("of baseline", "right", gives_way=1)]
    return Table(
        heading(numbers), "feature", columns, rows, "to_frame(), plot(limit=...)", {"Metric": numbers.metric}
    )


def _note(numbers: ImportanceNumbers, name: str, word: str, verdict: str) -> str:
    """What a page writes under a name: members of a group, what its number does not say, which way predictions go."""
    members = ", ".join(map(printable, numbers.groups.get(name, ())))
    way = pushes(word)
    return "; ".join(filter(None, [members and f"{members}, moved together", verdict, way]))


def remarks(numbers: ImportanceNumbers) -> list[str]:
    """What a reader of table or chart must know."""
    lines = []
    if any(name in numbers.directions for name in numbers.features):
        lines.append("Arrows: which way predictions go as the feature grows.")
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
        ("Shuffles", f"{numbers.n_repeats} of each feature, the same donors for all of them"),
        ("Seed", str(numbers.random_state)),
        ("Segments", numbers.by),
        ("Groups", "; ".join(f"{name}: {', '.join(members)}" for name, members in numbers.groups.items())),
        ("Not finished", ", ".join(numbers.unfinished)),
    )
