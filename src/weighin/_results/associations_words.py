"""What associations mean for somebody who shuffles columns, in sentences."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from weighin._results.clusters import FARTHER

Name = Callable[[str], str]
MOST = 20.0  # times; more is not worth a number


def association_sentence(feature: str, closest: Sequence[tuple[str, float, str]], name: Name = str) -> str:
    """Say who a feature go together with.

    Parameters
    ----------
    feature : str
    closest : sequence of (other, association, measure)
        The closest first; empty for none.
    name : callable
        Writes the name of a feature.
    """
    if not closest:
        return f"{name(feature)} has no closely associated column: none can stand in for it."
    by_how: dict[str, list[str]] = {}
    for other, association, measure in closest:
        how = "goes with" if measure != "spearman" else "moves with" if association >= 0 else "moves against"
        by_how.setdefault(how, []).append(f"{name(other)} ({association:.2f})")
    told = ", and ".join(f"{how} {listed(others)}" for how, others in by_how.items())
    stay = "the other" if len(closest) == 1 else "the others"
    return f"{name(feature)} {told}: shuffling one leaves {stay} in place."


def cluster_sentence(members: Sequence[str], name: Name = str) -> str:
    """Say that some features carry the same information."""
    verb = "carry much the same information; weigh them as a group, too."
    return f"{listed([name(member) for member in members])} {verb}"


def distance_sentence(feature: str, ratio: float, name: Name = str) -> str:
    """Say how far from the data a shuffle puts rows."""
    if ratio != ratio:
        return f"Too few rows to tell whether shuffling {name(feature)} makes rows that do not occur."
    if ratio < FARTHER:
        return f"Shuffling {name(feature)} leaves rows among the data ({ratio:.1f} times the usual distance)."
    return (
        f"Shuffling {name(feature)} makes rows {times(ratio)} times as far from any real row as real rows are "
        "from each other."
    )


def distances_sentence(ratios: Sequence[tuple[str, float]], name: Name = str) -> str:
    """Say of some features at once that shuffles put rows far from the data, the farthest first."""
    (first, farthest), *others = ratios
    told = distance_sentence(first, farthest, name).removesuffix(".")
    more = ", ".join(f"{name(feature)} ({times(ratio)})" for feature, ratio in others)
    return (
        f"{told}{'; ' + more if more else ''}: there the model is asked about rows unlike any that exist, and what it "
        "says of them counts."
    )


def times(ratio: float) -> str:
    """Write how many times."""
    return f"{ratio:.1f}" if ratio <= MOST else f"more than {MOST:.0f}"


def listed(parts: Sequence[str]) -> str:
    """Write a list as a sentence does."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
