"""What one column goes with."""

from __future__ import annotations

from dataclasses import dataclass

from weighin._base.text import printable
from weighin._results.associations_words import CloseColumn, association_sentence, distance_sentence


@dataclass(frozen=True, repr=False)
class FeatureAssociations:
    """What one column goes with; it prints itself as sentences.

    Attributes
    ----------
    feature, kind : str
        Its name, and what it holds: "numeric", "date", "ordered" or "nominal".
    close : tuple of CloseColumn
        The closest columns, the closest first; empty where none is close.
    cluster : tuple of str
        The columns that carry the same information, itself among them; empty where none does.
    distance_ratio : float
        How many times as far from the nearest real row shuffling it puts rows; NaN where nobody knows.
    """

    feature: str
    kind: str
    close: tuple[CloseColumn, ...]
    cluster: tuple[str, ...]
    distance_ratio: float

    def __repr__(self) -> str:
        said = [association_sentence(self.feature, self.close, printable)]
        if self.close:
            said.append(distance_sentence(self.feature, self.distance_ratio, printable))
        return " ".join(said)
