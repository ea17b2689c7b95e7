"""One page of several results: what the others found goes into parts of its own, and beside each feature."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from weighin._display.telling import Detail, Section, Telling
from weighin._results.glossary import joined


def with_further(main: Any, telling: Telling, results: Iterable[Any], confidence_level: float) -> Telling:
    """Add what other results found to what a page of the `main` one shows; say so where they are of another model."""
    for result in results:
        other = result.tell(confidence_level)
        telling = replace(
            telling,
            details=_beside(telling.details, result, other, confidence_level),
            sections=[*telling.sections, *_sections(result, other)],
            simulated=telling.simulated or other.simulated,
            warnings=list(
                dict.fromkeys([*telling.warnings, *other.warnings, *_of_another(main, result, other)])
            ),
            steps=[*telling.steps, *other.steps],
            glossary=joined(telling.glossary, other.glossary),
            reading=list(dict.fromkeys([*telling.reading, *other.reading])),
        )
    return telling


def _of_another(main: Any, result: Any, other: Telling) -> list[tuple[str, str]]:
    mine, its = (getattr(entry, "model", "") for entry in (main, result))
    if not mine or not its or mine == its:
        return []
    return [("ANOTHER MODEL.", f"“{other.title}” is about {its}, and the rest of this page about {mine}.")]


def _sections(result: Any, other: Telling) -> list[Section]:
    """What it shows first: of charts and tables that stand for each other the first ones."""
    first = Section(
        other.title,
        f"{other.kicker}.",
        other.sentences,
        [replace(chart, choice={}) for chart in other.charts[:1]],
        [replace(table, choice={}) for table in other.tables if not table.choice or table is other.tables[0]],
        [note for note in (*other.remarks, *other.notes) if note not in other.sentences],
        type(result).__name__,
    )
    return [first, *(replace(section, link="") for section in other.sections)]


def _beside(details: Iterable[Detail], result: Any, other: Telling, confidence_level: float) -> list[Detail]:
    """What it knows of each feature."""
    return [
        replace(detail, facts=[*detail.facts, *result._about_feature(detail.name, other, confidence_level)])
        for detail in details
    ]
