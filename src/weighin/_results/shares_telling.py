"""What shares tell: table, sentences, how they were made."""

from __future__ import annotations

import math

import numpy as np

from weighin._base.text import named, printable
from weighin._display.numbers import percent, rounded, write
from weighin._display.telling import Bar, Column, Row, Table, Telling
from weighin._results.glossary import words
from weighin._results.importance_sentences import which_rows
from weighin._results.importance_words import about, heading
from weighin._results.listed import few_rows_sentence
from weighin._results.metric_words import CALLED
from weighin._results.one_feature import probability
from weighin._results.shares_charts import SUM, TITLE, stack
from weighin._results.shares_numbers import SURE_OF_TOTAL, SharesNumbers

_READING = (
    "Each row gets the values of another row, one feature after the other, in an order of its own, until it is that "
    "other row. What the loss grows by when a feature's turn comes is its contribution; the mean over rows, donors and "
    "orders is its Shapley value. Contributions add up to what all features prevent: the loss with the values of "
    "another row, minus the loss with its own.",
    "Shares tear correlated features apart, as any shuffling does: on the way, rows have values that do not occur "
    "together. A column and its copy, both read by the model, share what one of them would have alone. Name such "
    "columns as a group to give them one share.",
    "A share says what this model gets from a column, not what a new model without the column would lose.",
)


def tell(numbers: SharesNumbers, confidence_level: float, limit: int) -> Telling:
    """Say all of it: `limit` features in sentences of their own."""
    return Telling(
        title=TITLE,
        kicker=f"{numbers.model or 'A trained model'}, on {which_rows(numbers)}",
        tables=[_table(numbers, confidence_level)],
        remarks=_remarks(numbers, confidence_level),
        elsewhere=_elsewhere(numbers),
        sentences=_sentences(numbers, confidence_level, limit),
        reading=_READING,
        glossary=words(
            "Metric", "Baseline", "Share", "Interval", "Cannot be told apart from zero", "p (Holm)"
        ),
        made=_made(numbers),
        notes=[*map(printable, numbers.notes)],
        simulated=numbers.simulated,
        charts=[stack(numbers, amount=amount) for amount in _scales(numbers)],
    )


def _scales(numbers: SharesNumbers) -> list[bool]:
    """Parts of the total, where there are any, and amounts."""
    return [False, True] if np.isfinite(numbers.shares).any() else [True]


def _table(numbers: SharesNumbers, level: float) -> Table:
    claims = numbers._claims(level)
    (lower, upper), (part_lower, part_upper) = numbers.interval(level), numbers.relative_interval(level)
    amounts, shares = numbers.contributions, numbers.shares
    rows = []
    for i in map(int, numbers.order):
        name, few = numbers.features[i], bool(numbers.few_rows[i])
        ends = (math.nan, math.nan) if few else (float(part_lower[i]), float(part_upper[i]))
        amount = rounded(float(amounts[i]), float(lower[i]), float(upper[i]))
        moved = bool(numbers.importances[i].any())
        interval = (
            "not read"
            if numbers.ignored[i]
            else "no change"
            if not moved
            else "too few rows"
            if few
            else f"{percent(ends[0], *ends)} to {percent(ends[1], *ends)}"
            if math.isfinite(ends[0])
            else "-"
        )
        sure = "-" if claims is None or few or not moved else probability(float(claims.adjusted[i]))
        members = ", ".join(map(printable, numbers.groups.get(name, ())))
        rows.append(
            Row(
                name,
                [percent(float(shares[i]), *ends), interval, sure, amount.value],
                Bar(float(shares[i]), *ends),
                claimed=claims is not None and bool(claims.any[i]),
                note=members and f"{members}, moved together",
            )
        )
    total = rounded(numbers.total, *numbers.total_interval(level))
    rows.append(Row(SUM, ["100%" if np.isfinite(shares).all() else "-", "", "", total.value]))
    columns = [
        Column("share"),
        Column(f"{100 * level:g}% interval", "right"),
        Column("p (Holm)", gives_way=2),
        Column(f"in {numbers.metric}", gives_way=1),
    ]
    return Table(heading(numbers, TITLE), "feature", columns, rows, "to_frame(), plot(limit=...)")


def _remarks(numbers: SharesNumbers, level: float) -> list[str]:
    lines = [about(numbers), f"Total: {_total(numbers, level)}. Shares are parts of it, and add up."]
    few = [numbers.features[i] for i in np.flatnonzero(numbers.few_rows & numbers.importances.any(axis=1))]
    return [*lines, *few_rows_sentence(few)]


def _total(numbers: SharesNumbers, level: float) -> str:
    total = rounded(numbers.total, *numbers.total_interval(level))
    return f"{total.value} ({100 * level:g}% interval {total.interval})"


def _sentences(numbers: SharesNumbers, level: float, limit: int) -> list[str]:
    called = CALLED.get(numbers.metric, numbers.metric)
    sign = -1.0 if numbers.greater_is_better else 1.0
    before, after = (
        write(value, digits=4) for value in (numbers.baseline, numbers.baseline + sign * numbers.total)
    )
    if numbers.metric == "prediction_change":
        first = (
            f"With another row's values in every feature the prediction moves by {_total(numbers, level)}."
        )
    else:
        first = (
            f"With another row's values in every feature {called} is {after}, with each row's own {before}: the "
            f"features prevent {_total(numbers, level)}."
        )
    claims = numbers._claims(level)
    if claims is None or not np.isfinite(numbers.shares).all():
        return [first, _why_no_shares(numbers)]
    lower, upper = numbers.relative_interval(level)
    said, claimed = [], [int(i) for i in numbers.order if claims.any[i]]
    for i in claimed[:limit]:
        ends = float(lower[i]), float(upper[i])
        low, high = (percent(end, *ends) for end in ends)
        said.append(
            f"{printable(numbers.features[i])} has {percent(float(numbers.shares[i]), *ends)} of it "
            f"({100 * level:g}% interval {low} to {high})."
        )
    if len(claimed) > limit:
        rest = numbers.shares[claimed[limit:]].sum()
        more = len(claimed) - limit
        have = "feature has" if more == 1 else "features have"
        said.append(f"{more:,} more {have} {percent(float(rest))}{' together' * (more > 1)}.")
    moved = np.any(numbers.importances != 0, axis=1)
    unclear = [numbers.features[i] for i in numbers.order if moved[i] and not claims.any[i]]
    if unclear:
        said.append(f"Cannot be told apart from 0, given the number of features: {named(unclear)}.")
    still = [numbers.features[i] for i in numbers.order if not moved[i] and not numbers.ignored[i]]
    if still:
        said.append(f"No swap of {named(still)} changed {printable(numbers.metric)} at all.")
    unread = [name for name, ignored in zip(numbers.features, numbers.ignored, strict=True) if ignored]
    if unread:
        said.append(f"The model does not read {named(unread)}: exactly 0.")
    if numbers.left_out:
        said.append(f"{named(numbers.left_out)} took no part: rows kept their own values.")
    return [first, *said]


def _why_no_shares(numbers: SharesNumbers) -> str:
    if numbers.total_interval(SURE_OF_TOTAL)[1] < 0:
        return "That is below 0: the model is better with another row's values, so that nothing is a share of it."
    return "That cannot be told apart from 0, so that nothing is a share of it."


def _elsewhere(numbers: SharesNumbers) -> list[str]:
    if numbers.segment is not None or not numbers.segments:
        return []
    listed = named([str(segment) for segment in numbers.segments], 12)
    return [f"By {printable(numbers.by)}: {listed}. See .of(segment={numbers.segments[0]!r}), to_frame()."]


def _made(numbers: SharesNumbers) -> list[tuple[str, str]]:
    better = "higher" if numbers.greater_is_better else "lower"
    pairs = [
        ("Model", numbers.model),
        ("Rows", numbers.rows or f"{numbers.n_rows:,} rows"),
        (
            "Metric",
            f"{numbers.metric}, {better} is better; {write(numbers.baseline, digits=5)} before any swap",
        ),
        ("Measured", "Shapley values of the loss under swaps (Casalicchio, Molnar, Bischl 2018)"),
        (
            "Swaps",
            f"{numbers.n_repeats} of each row, each in an order of its own, every second one the reverse",
        ),
        ("Seed", str(numbers.random_state)),
        ("Segments", numbers.by),
        ("Groups", "; ".join(f"{name}: {', '.join(members)}" for name, members in numbers.groups.items())),
        ("Versions", ", ".join(f"{name} {version}" for name, version in numbers.versions.items())),
        ("Date", numbers.date),
    ]
    return [(term, text) for term, text in pairs if text]
