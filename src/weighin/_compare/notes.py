"""What a reader of a comparison must know."""

from __future__ import annotations

from weighin._base.errors import listing
from weighin._compare import pairing
from weighin._results.given_feature import shuffled
from weighin._results.importance import Importance
from weighin._results.importance_sentences import which_rows


def notes_of(first: Importance, second: Importance, labels: tuple[str, str], why_not: str) -> tuple[str, ...]:
    """Say why two results were taken as independent, and what was the matter with either of them."""
    notes = _why(first, second, why_not)
    if first.given != second.given:
        given = [f"shuffled {shuffled(x.given)}" for x in (first, second)]
        notes.append(f"The features of {labels[0]} were {given[0]}, those of {labels[1]} {given[1]}.")
    for result, label in zip((first, second), labels, strict=True):
        if result.on_training_rows:
            notes.append(
                f"The model of {label} was trained on some of its rows: it may rely on noise it memorised."
            )
        if not result.complete:
            notes.append(f"{label} is partial: {listing(result.unfinished) or 'some rows'} not finished.")
    if first.simulated != second.simulated:
        made_up = labels[0] if first.simulated else labels[1]
        notes.append(f"The data of {made_up} are SIMULATED; those of the other are not.")
    return tuple(notes)


def _why(first: Importance, second: Importance, why_not: str) -> list[str]:
    """Say why they were taken as independent, and what to do about it, where they may be of the same rows."""
    if why_not == pairing.OTHER_TABLE:
        return [f"Both were measured on {which_rows(first)}, but not on the same rows: their targets differ."]
    if why_not == pairing.SEGMENTS:
        return ["Segments are not compared pair by pair."]
    if why_not == pairing.SHARES:
        return ["Shares are not compared pair by pair."] * (pairing.rows_in_common(first, second) != "none")
    if why_not == pairing.NO_PAIRS:
        return [f"Results in {first.metric} cannot be compared pair by pair."]
    if why_not not in (pairing.UNKNOWN_TABLE, pairing.OTHER_SHUFFLES, pairing.NOTHING_KEPT):
        return []
    these = "If these are the same rows," if why_not == pairing.UNKNOWN_TABLE else "These are the same rows:"
    keeping = " with keep_rows=True" if pairing.has_rows(first) or not first.evidence else ""
    return [
        f"{these} weigh([model_a, model_b], X), or the same random_state and n_repeats{keeping} for both, compares the "
        "first metric pair by pair, with narrower intervals."
    ]
