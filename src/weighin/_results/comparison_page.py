"""A comparison as one page to send around: sentences, table, how it was made; nothing from elsewhere, no script."""

from __future__ import annotations

from typing import TYPE_CHECKING

from weighin._display.page import bullets, plain_page
from weighin._results.comparison_words import sentences

if TYPE_CHECKING:
    from weighin._results.comparison import Comparison

MOST_LEADS = 5
_READING = (
    "A feature's importance is how much worse the metric gets when its values are shuffled between rows. A difference "
    "is that of two importances, each of its own model and rows. Whiskers are 95% intervals; a pale bar's holds 0: "
    "the two cannot be told apart. Importances do not add up, and correlated columns stand in for each other."
)


def page_of(comparison: Comparison, title: str, table: str) -> str:
    """Write the page around the table."""
    told = sentences(comparison)
    told = told[: len(told) - len(comparison.notes)]
    leads, others = (told, []) if len(told) <= MOST_LEADS else (told[:MOST_LEADS], told[MOST_LEADS:])
    more = [("What else was found", bullets(others))] if others else []
    return plain_page(
        title,
        kicker=f"{comparison.metric}, {' and '.join(comparison.labels)}",
        leads=leads,
        sections=[*more, ("Numbers", table), ("How to read this", f"<p>{_READING}</p>")],
        made=_made(comparison),
        simulated=comparison.simulated,
        notes=comparison.notes,
    )


def _made(comparison: Comparison) -> list[tuple[str, str]]:
    pairs = [("Metric", comparison.metric)]
    for label, model, rows, n_rows in zip(
        comparison.labels, comparison.models, comparison.rows, comparison.n_rows, strict=True
    ):
        pairs.append((label, f"{model or 'a model'}, on {rows or f'{n_rows:,} rows'}"))
    versions = ", ".join(f"{name} {version}" for name, version in comparison.versions.items())
    return [*pairs, ("Versions", versions), ("Date", comparison.date)]
