"""What an ablation tells: table, sentences, how to read it, how it was made."""

from __future__ import annotations

from collections.abc import Sequence

from weighin._base.text import printable
from weighin._display.numbers import write
from weighin._display.telling import Bar, Column, Row, Table, Telling
from weighin._results.ablated_variant import AblatedVariant
from weighin._results.ablation_numbers import AblationNumbers
from weighin._results.ablation_words import about, failures, sentences

READING = (
    "The full model and every variant were trained again several times, each time from the same seed and on the same "
    "rows for all of them, and measured on rows held out. The change is variant minus full model. Its interval says "
    "where the change would lie for other rows and other trainings of the same kind, with 95% confidence.",
    "Bars: how much worse the metric gets when trained so; whiskers: 95% intervals; pale: no verdict. Verdicts ask "
    "more of an interval: what lies within the tolerance does not matter, and they are adjusted for the number of "
    "variants (Holm).",
    "The verdicts speak of this way of training on rows like these. Dropping several features at once is another "
    "variant: two that are each safe to drop may stand in for each other.",
)


def tell(numbers: AblationNumbers, confidence_level: float, limit: int) -> Telling:
    """Say all of it.

    Parameters
    ----------
    numbers : AblationNumbers
        What was measured.
    confidence_level : float
        Of intervals and verdicts.
    limit : int
        Variants that sentences tell of one by one, where there are more.
    """
    variants = numbers.variants(confidence_level)
    said = sentences(variants, limit)
    return Telling(
        title="Trained again: what can go, and what helps",
        kicker=f"{printable(numbers.recipe) or 'A model'}, trained again",
        tables=[_table(numbers, variants, confidence_level)],
        remarks=[about(numbers), *said],
        sentences=said,
        reading=READING,
        made=_made(numbers),
        notes=[*failures(numbers), *map(printable, numbers.notes)],
        simulated=numbers.simulated,
    )


def heading(numbers: AblationNumbers, title: str) -> str:
    """Mark a title by what must not be missed."""
    return ("SIMULATED DATA - " if numbers.simulated else "") + title


def _table(numbers: AblationNumbers, variants: Sequence[AblatedVariant], confidence_level: float) -> Table:
    rows = [
        Row(
            variant.name,
            [
                variant.number.value,
                variant.number.interval,
                variant.verdict.word,
                f"{variant.n_fits} of {numbers.fits}",
            ],
            Bar(*variant.worse_by),
            claimed=variant.verdict.claims,
        )
        for variant in variants
    ]
    unit = f" ({numbers.unit})" if numbers.unit else ""
    columns = [
        Column(f"{numbers.metric} changes by{unit}"),
        Column(f"{100 * confidence_level:g}% interval", "right", gives_way=1),
        Column("verdict", "text"),
        Column("fits", "right", gives_way=2),
    ]
    return Table(heading(numbers, "Trained again"), "variant", columns, rows, "to_frame()")


def _made(numbers: AblationNumbers) -> list[tuple[str, str]]:
    better = "higher" if numbers.greater_is_better else "lower"
    unit = f" {numbers.unit}" if numbers.unit else ""
    full = f"{write(numbers.baseline, digits=5)}{unit} with all features"
    return [
        ("Recipe", numbers.recipe),
        ("Features", ", ".join(numbers.features)),
        ("Rows", numbers.split),
        ("Metric", f"{numbers.metric}, {better} is better; {full}"),
        ("Tolerance", f"{write(numbers.tolerance)}{unit}"),
        ("Fits", str(numbers.fits)),
        ("Seed", str(numbers.random_state)),
        ("Versions", ", ".join(f"{name} {version}" for name, version in numbers.versions.items())),
        ("Date", numbers.date),
    ]
