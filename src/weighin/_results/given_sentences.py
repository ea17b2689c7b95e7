"""What an importance says in sentences, also of features shuffled given others."""

from __future__ import annotations

from weighin._base.text import named
from weighin._results.given_words import distance_sentence, report_of, share_words, shuffled
from weighin._results.importance_numbers import ImportanceNumbers
from weighin._results.importance_sentences import Name, Words, sentences


def findings(
    numbers: ImportanceNumbers,
    other: ImportanceNumbers | None,
    limit: int,
    name: Name,
    confidence_level: float = 0.95,
) -> list[str]:
    """Say what was found, the heaviest first.

    `numbers`, `other`: what was measured, and the same shuffled in a second way, if it was. `limit`: features told of
    one by one. `name`: writes the name of a feature. `confidence_level`: of the intervals, and of what is claimed.
    """
    free, given = (numbers, other) if not numbers.given else (other, numbers)
    if free is None or free.given:
        # two of them, both given
        said = _given(numbers, limit, name, confidence_level)
        return said if other is None else [*said, *_given(other, limit, name, confidence_level)]
    first = sentences(free, limit, name, confidence_level)
    if given is None:
        return first
    others = [sentence.replace("Next comes", "Shuffled freely, next comes", 1) for sentence in first[1:]]
    return [*first[:1], *_given(given, limit, name, confidence_level, free), *others]


def _given(
    numbers: ImportanceNumbers,
    limit: int,
    name: Name,
    confidence_level: float,
    free: ImportanceNumbers | None = None,
) -> list[str]:
    """Say what is left of features given others: those that keep something, one by one, then the others.

    `free`: The same shuffled freely, if it is told of, too.
    """
    words = Words(numbers, name, confidence_level)
    apart = [feature for feature in numbers.features if report_of(numbers, feature).inseparable_from]
    if not words.measured:
        return [] if apart else sentences(numbers, limit, name, confidence_level)
    ranks = {} if free is None else {free.features[i]: rank for rank, i in enumerate(free.order)}
    heavy = sorted(words.heavy, key=lambda place: ranks.get(numbers.features[place], 0))
    said = [_of_one(words, place) for place in heavy[:limit]]
    if heavy:
        said[1:1] = distance_sentence(numbers, numbers.features[heavy[0]])
    if len(heavy) > limit:
        more = words.names(heavy[limit:])
        verb = "weighs" if len(heavy) == limit + 1 else "weigh"
        said.append(f"{more} {verb} something {shuffled(numbers.given)}, too.")
    if free is None and words.unclear:
        said.append(
            f"{words.names(words.unclear)} cannot be told apart from zero {shuffled(numbers.given)}: what this model "
            f"takes from {'it' if len(words.unclear) == 1 else 'them'}, these may tell as well."
        )
    lost = (
        []
        if free is None
        else [place for place in words.unclear if free._claim_words(0.95).get(numbers.features[place])]
    )
    if lost:
        said.append(
            f"Nothing can be claimed of {words.names(lost)} {shuffled(numbers.given)}: what this model takes from "
            f"{'it' if len(lost) == 1 else 'them'}, these may tell as well."
        )
    if words.harmful:
        said.append(
            f"Shuffling {words.names(words.harmful)} {shuffled(numbers.given)} makes the model better on these rows."
        )
    if free is None:
        said += words.of_the_unmoved()
    if apart:
        said.append(f"{named(apart)} cannot be separated from other columns: see the notes.")
    return said


def _of_one(words: Words, place: int) -> str:
    """Say how much of a feature others explain, and what is left of its importance."""
    numbers = words.numbers
    feature = numbers.features[place]
    report = report_of(numbers, feature)
    start = share_words(report, words.name(feature), numbers.given)
    return start + words.of_one(place).removeprefix(f"Shuffling {words.name(feature)}")
