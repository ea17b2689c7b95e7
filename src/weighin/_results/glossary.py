"""What the words of a page mean."""

from __future__ import annotations

from collections.abc import Iterable

_WORDS = {
    "Shuffle": "Give each row the value of one column that another row has, and leave everything else as it is.",
    "Importance": "How much worse the metric gets when a column is shuffled. The model stays as it was trained.",
    "Metric": (
        "What says how good predictions are. For an error such as the average miss (mae), lower is better; for "
        "a score such as the accuracy, higher."
    ),
    "Baseline": "The metric before any shuffle.",
    "Interval": (
        "A 95% interval holds the number that all rows of this kind would give, in 95 of 100 such studies. It "
        "allows for other rows and for other shuffles."
    ),
    "Cannot be told apart from zero": (
        "Chance alone may have given this number, so nothing is claimed of it. That is no proof that the "
        "feature does nothing."
    ),
    "p (Holm)": (
        "How probable a number as large would be if the feature did nothing, adjusted for the number of "
        "features that were looked at (Holm 1979). Below 0.05, something is claimed."
    ),
    "Given the other columns": (
        "Only rows that look alike in the other columns exchange values, so that what is left is what this "
        "column tells beyond them."
    ),
    "Explained": (
        "How much of a column's variance can be told from the other columns. A column that is explained to 87% "
        "has 13% of its own."
    ),
    "Goes with": (
        "Columns that carry the same information: from 0, nothing in common, to 1 or −1, the one determines the "
        "other."
    ),
    "Effect": (
        "Where the mean prediction goes as all rows are moved along a feature (partial dependence). It "
        "describes the model, not what would happen in the world."
    ),
    "Share": "What a feature prevents of the loss that all features prevent together. Shares add up to 100%.",
    "Acting together": "What two features move beyond the sum of what each moves alone.",
    "Trained again": "A model is trained without a column, or with another one, several times, and its metric is seen.",
}


def words(*terms: str) -> list[tuple[str, str]]:
    """Explain these, in the order of the glossary."""
    return [(term, text) for term, text in _WORDS.items() if term in terms]


def joined(first: Iterable[tuple[str, str]], *others: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Put glossaries together, each word once."""
    return words(*(term for glossary in (first, *others) for term, _ in glossary))
