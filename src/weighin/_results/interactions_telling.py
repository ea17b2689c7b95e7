"""What interactions tell: tables, remarks, sentences, how they were made."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from weighin._base.text import named, printable
from weighin._display.numbers import interval_name, percent, percents, rounded, write
from weighin._display.telling import Bar, Column, Row, Section, Table, Telling
from weighin._results.glossary import words
from weighin._results.interactions_charts import TITLE, matrix, surface_chart
from weighin._results.interactions_numbers import InteractionsNumbers
from weighin._results.listed import few_rows_sentence
from weighin._results.one_feature import probability
from weighin._results.pair_interaction import PairInteraction
from weighin._results.provenance import made, marked

# of the variance: of less no sentence tells one by one
WORTH_SAYING = 0.001
_READING = (
    "Each row gets the values of another row: of the first feature, of the second, of both. What both together move "
    "beyond the sum of the two alone, squared, averaged and divided by 4, is the interaction of the pair: 0 for a "
    "model that adds the two up, whatever their correlation.",
    "Effects of three features count in each of their pairs, so shares overlap and do not add up to 100%.",
    "With independent features a share is the part of the variance that comes from effects of both. Correlated "
    "features meet in combinations that seldom occur, where a model may do anything; shares may then exceed 100%.",
    "It is the model that is described: features may act together in the world without the model knowing, and the "
    "other way round.",
)


def tell(numbers: InteractionsNumbers, confidence_level: float, limit: int) -> Telling:
    """Say all of it.

    `confidence_level`: of intervals and claims. `limit`: pairs that sentences tell of one by one.
    """
    lines = numbers.lines(confidence_level)
    return Telling(
        title=TITLE,
        kicker=f"{numbers.model or 'A trained model'}, on {_rows(numbers)}",
        tables=[_pairs(numbers, lines, confidence_level), _totals(numbers, confidence_level)],
        remarks=_remarks(numbers),
        sentences=[
            *_sentences(numbers, lines, limit),
            *(surface.sentence for surface in numbers.surfaces if surface.dependence),
        ],
        glossary=words("Acting together", "Interval", "p (Holm)"),
        reading=_READING,
        made=made(
            numbers,
            ("Model", numbers.model),
            ("Measured", f"superset importance of pairs in {numbers.what} (Liu and Owen 2006)"),
            ("Rows", _rows(numbers)),
            ("Swaps", f"{numbers.n_repeats} of each row"),
            ("Seed", str(numbers.random_state)),
        ),
        simulated=numbers.simulated,
        notes=[
            *map(printable, numbers.notes),
            *few_rows_sentence([line.name for line in lines if line.few_rows]),
        ],
        charts=[matrix(numbers)] if lines else [],
        sections=[
            Section(
                " × ".join(map(printable, surface.features)),
                sentences=[surface.sentence],
                charts=[surface_chart(surface)],
                notes=[surface_chart(surface).subtitle],
                link="Surfaces" if first else "",
            )
            for first, surface in zip(
                (True, *[False] * len(numbers.surfaces)), numbers.surfaces, strict=False
            )
        ],
    )


def _sentences(numbers: InteractionsNumbers, lines: Sequence[PairInteraction], limit: int) -> list[str]:
    claimed = [line for line in lines if line.claimed]
    worth = [line for line in claimed if line.share >= WORTH_SAYING]
    said = [sentence(line, numbers.what) for line in worth[:limit]]
    more, little = len(worth) - len(said), len(claimed) - len(worth)
    if more:
        said.append(f"{more:,} more pair{'s act' if more > 1 else ' acts'} together, less than these.")
    if little:
        pairs = f"{little:,} {'more ' * bool(worth)}pair{'s act' if little > 1 else ' acts'}"
        said.append(f"{pairs} together a little: less than {percent(WORTH_SAYING)} of the variance each.")
    if not claimed:
        said.append("No pair can be told to act together on these rows.")
    alone = [line.name for line in lines if line.unmoved]
    if alone and len(alone) == len(lines):
        said = [f"No two features act together: the model adds up what they do{_of(lines)}."]
    elif alone:
        said.append(f"No swap showed {named(alone, 3)} to act together at all.")
    return said


def _of(lines: Sequence[PairInteraction]) -> str:
    return f", as far as {len(lines):,} pairs show" if len(lines) > 1 else ""


def sentence(line: PairInteraction, what: str) -> str:
    """Say how much two features act together."""
    first, second = map(printable, line.features)
    return (
        f"{first} and {second} act together: {line.shares.value} of the variance of {what} "
        f"({interval_name(line.confidence_level)} {line.shares.interval})."
    )


def _pairs(numbers: InteractionsNumbers, lines: Sequence[PairInteraction], level: float) -> Table:
    columns = [
        Column("share"),
        Column(interval_name(level)),
        Column("p (Holm)", gives_way=1),
        Column("interaction", gives_way=2),
    ]
    rows = []
    for line in lines:
        interval = (
            "none seen" if line.unmoved else line.interval_text if line.few_rows else line.shares.interval
        )
        cells = [line.shares.value, interval, probability(line.pvalue_holm), line.number.value]
        rows.append(
            Row(" × ".join(line.features), cells, Bar(line.share, *line.shown_share), claimed=line.claimed)
        )
    heading = marked(numbers, f"Pairs: share in the variance of {printable(numbers.what)}")
    return Table(heading, "pair", columns, rows, "to_frame(), plot(limit=...)")


def _totals(numbers: InteractionsNumbers, level: float) -> Table:
    share, total = numbers.total_share, numbers.total
    few = total.few_rows
    lower, upper = (np.where(few, np.nan, end) for end in numbers.total_share_interval(level))
    rows = []
    for i in np.argsort(-share.estimate, kind="stable"):
        ends = float(lower[i]), float(upper[i])
        written = percents(float(share.estimate[i]), *ends)
        interval = "too few rows" if few[i] else written.interval
        rows.append(
            Row(
                numbers.features[i],
                [written.value, interval, rounded(float(total.estimate[i])).value],
                Bar(float(share.estimate[i]), *ends),
                claimed=not few[i] and ends[0] > 0,
            )
        )
    columns = [Column("share"), Column(interval_name(level)), Column("total index", gives_way=1)]
    heading = (
        f"Features: all effects of each, alone and together, in the variance of {printable(numbers.what)}"
    )
    return Table(heading, "feature", columns, rows, "to_frame()")


def _remarks(numbers: InteractionsNumbers) -> list[str]:
    lines = [
        f"Share: part of the variance of {printable(numbers.what)} ({write(numbers.variance)}) that comes from effects "
        "of both features, whatever others take part. Bold where more than chance of the rows, given the number of "
        "pairs (Holm). Shares overlap: they do not add up."
    ]
    return [*lines, numbers.screened] if numbers.screened else lines


def _rows(numbers: InteractionsNumbers) -> str:
    return numbers.rows or f"{numbers.n_rows:,} rows"
