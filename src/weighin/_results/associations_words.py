"""What associations mean for somebody who shuffles columns, in sentences."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from weighin._base.text import in_a_row
from weighin._display.numbers import decimals_of, write
from weighin._results.clusters import FARTHER

Name = Callable[[str], str]

# times; more is not worth a number
MOST = 20.0
MEASURED_BY = {
    "spearman": "rank correlation",
    "cramers_v": "Cramér's V",
    "correlation_ratio": "correlation ratio",
}


@dataclass(frozen=True)
class CloseColumn:
    """A column that another one goes with.

    Attributes
    ----------
    name : str
        Of the column.
    association : float
        From -1 to 1, below 0 where one grows as the other shrinks.
    measure : {"spearman", "cramers_v", "correlation_ratio"}
        What that is.
    n_rows : int
        Rows it was measured on, at most.
    """

    name: str
    association: float
    measure: str
    n_rows: int

    @property
    def written(self) -> str:
        """The association to the digits so many rows leave."""
        return written(self.association, self.n_rows)


def written(association: float, n_rows: int) -> str:
    """Write an association to the one or two decimals that so many rows leave."""
    if math.isnan(association):
        return "-"
    # about what chance makes of it: none where one column tells the other
    width = 4 * (1 - association**2) / math.sqrt(max(n_rows - 1, 1))
    decimals = decimals_of(width)
    return write(association, 2 if decimals is None else min(2, max(1, decimals)))


def association_sentence(feature: str, close: Sequence[CloseColumn], name: Name = str) -> str:
    """Say which columns a feature goes with.

    `close`: the closest first; empty for none. `name`: writes the name of a feature.
    """
    if not close:
        return f"{name(feature)} has no closely associated column: none can stand in for it."
    by_verb: dict[str, list[str]] = {}
    for column in close:
        ranked = column.measure == "spearman"
        verb = "goes with" if not ranked else "moves with" if column.association >= 0 else "moves against"
        by_verb.setdefault(verb, []).append(f"{name(column.name)} ({column.written})")
    parts = ", and ".join(f"{verb} {in_a_row(others)}" for verb, others in by_verb.items())
    stay = "the other" if len(close) == 1 else "the others"
    return f"{name(feature)} {parts}: shuffling one leaves {stay} in place."


def cluster_sentence(members: Sequence[str], name: Name = str) -> str:
    """Say that some features carry the same information."""
    verb = "carry much the same information; weigh them as a group, too."
    return f"{in_a_row([name(member) for member in members])} {verb}"


def distance_sentence(feature: str, ratio: float, name: Name = str) -> str:
    """Say how far from the data a shuffle puts rows."""
    if ratio != ratio:
        return f"Too few rows to tell whether shuffling {name(feature)} produces rows that do not occur."
    if ratio < FARTHER:
        return (
            f"Shuffling {name(feature)} keeps rows close to the data ({ratio:.1f} times the usual distance)."
        )
    return (
        f"Shuffling {name(feature)} puts rows {times(ratio)} times as far from any real row as real rows "
        "are from each other."
    )


def distances_sentence(ratios: Sequence[tuple[str, float]], name: Name = str) -> str:
    """Say of several features at once that shuffles put rows far from the data, the farthest first."""
    (first, farthest), *others = ratios
    start = distance_sentence(first, farthest, name).removesuffix(".")
    more = ", ".join(f"{name(feature)} ({times(ratio)})" for feature, ratio in others)
    return (
        f"{start}{'; ' + more if more else ''}: the importance then includes predictions for rows unlike "
        "any that exist."
    )


def times(ratio: float) -> str:
    """Write how many times."""
    return f"{ratio:.1f}" if ratio <= MOST else f"more than {MOST:.0f}"
