"""The page docs/calibration.md: what was covered, what was not, and why."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from calibration.study import Count

BARS = {100: (0.92, 0.97), 300: (0.925, 0.97), 1000: (0.935, 0.965), 5000: (0.935, 0.965)}
TYPE_I = 0.06
NEAR = ", within two Monte Carlo errors of the bar"

HEAD = """# Do the intervals hold?

A 95% interval should cover the true importance in 95 of 100 samples. Here samples are drawn from populations whose
truth is known, from a closed form or from five million rows, the model stays fixed, and intervals are built as
`weighin` builds them. Written by

    {command}

with {samples} samples a cell; the Monte Carlo error of a coverage near 95% is {error} (one standard error). R is the
number of shuffles; "auto" adds shuffles until their noise is at most 10% of the variance (5 to 50). Coverage in per
cent. **scikit-learn** is `importances_mean` +- 1.96 `importances_std`/sqrt(R), **row t** a t interval over rows, both
from the same five shuffles; "-" where they do not apply. `few_rows`: share of samples in which weighin itself marks the
feature as resting on fewer than 20 rows: rows whose loss a shuffle changes, or rows that carry the variance of weighted
means, (sum w^2)^2 / sum w^4. "ratio" is the mean estimated variance over the true one, "width" the mean width of the
interval in true standard errors (3.9 for a known normal), both at R = 5.

The bars: 93.5 to 96.5 from 1,000 rows on, 92.5 to 97 at 300, 92 to 97 at 100 with R of 5 or more. Cells of which more
than half of the samples are marked `few_rows` lie outside the bars, and are shown in brackets. Outside a bar: **bold**.
[calibration-weigh.md](calibration-weigh.md) counts through `weigh` itself, metrics of unknown form included.
"""


def page(counts: Sequence[Count], command: str) -> str:
    """Write the page."""
    samples = sorted({count.n_samples for count in counts})
    error = " and ".join(f"{100 * (0.95 * 0.05 / n) ** 0.5:.2f} points" for n in samples)
    text = [HEAD.format(command=command, samples=" or ".join(f"{n:,}" for n in samples), error=error)]
    text += ["## Coverage", "", *_coverage([count for count in counts if not count.null]), ""]
    text += ["## Features that are used but useless", "", *_type_i([c for c in counts if c.null]), ""]
    text += ["## What misses its bar", "", *_misses(counts), ""]
    return "\n".join(text)


def misses(count: Count) -> bool:
    """Whether the coverage lies outside its bar."""
    bar = bar_of(count)
    return bar is not None and not bar[0] <= round(count.covered, 4) <= bar[1]


def bar_of(count: Count) -> tuple[float, float] | None:
    """Least and most coverage; None outside the bars."""
    if count.few_rows > 0.5 or (count.n_rows == 100 and count.n_repeats == 1):
        return None
    return BARS.get(count.n_rows)


def _coverage(counts: Sequence[Count]) -> Iterable[str]:
    yield "| case | n | R = 1 | R = 5 | auto | mean R | scikit-learn | row t | few_rows | ratio | width |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    for group in _groups(counts):
        five, auto = group[5], group["auto"]
        cells = [_cell(group[repeats]) for repeats in (1, 5, "auto")]
        cells += [f"{auto.mean_repeats:.0f}", _percent(five.sklearn), _percent(five.row_t)]
        cells += [_percent(five.few_rows, 0), _number(five.ratio), _number(five.width)]
        yield f"| {five.name} | {five.n_rows:,} | " + " | ".join(cells) + " |"


def _type_i(counts: Sequence[Count]) -> Iterable[str]:
    yield (
        "The model uses the feature, and nothing is gained by it: the truth is 0. A one-sided test at 5% should claim "
        f"importance in 5 of 100 samples; the bar is {TYPE_I:.0%} from 300 rows on with R of 5 or more, and the "
        "two-sided interval should cover 0."
    )
    yield ""
    yield "| case | n | claims, R = 1 | R = 5 | auto | scikit-learn | coverage, R = 1 | R = 5 | auto |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|--:|"
    for group in _groups(counts):
        claims = [_claims(group[repeats]) for repeats in (1, 5, "auto")]
        cells = [*claims, _percent(group[5].sklearn_rejected), *(_cell(group[r]) for r in (1, 5, "auto"))]
        yield f"| {group[5].name} | {group[5].n_rows:,} | " + " | ".join(cells) + " |"


def _misses(counts: Sequence[Count]) -> Iterable[str]:
    found: dict[str, list[str]] = {}
    for count in counts:
        lines = found.setdefault(f"- {count.name}" + (f": {count.hard}." if count.hard else "."), [])
        where = f"  - n = {count.n_rows:,}, R = {count.n_repeats}: "
        if misses(count):
            low, high = BARS[count.n_rows]
            beyond = max(low - count.covered, count.covered - high)
            sides = f"(below {_percent(count.below)}, above {_percent(count.above)})"
            text = f"{_percent(count.covered)} +- {100 * count.error:.1f} {sides}"
            lines.append(where + text + (NEAR if beyond <= 2 * count.error else ""))
        if _claims_too_often(count):
            text = f"claims importance in {_percent(count.rejected)} +- {100 * count.rejected_error:.1f}"
            near = count.rejected - TYPE_I <= 2 * count.rejected_error
            lines.append(where + text + (NEAR if near else ""))
    for case, lines in found.items():
        if lines:
            yield case
            yield from lines
    if not any(found.values()):
        yield "Nothing."


def _groups(counts: Sequence[Count]) -> Iterable[dict[object, Count]]:
    groups: dict[tuple[str, int], dict[object, Count]] = {}
    for count in counts:
        groups.setdefault((count.name, count.n_rows), {})[count.n_repeats] = count
    return groups.values()


def _claims_too_often(count: Count) -> bool:
    return count.null and count.n_rows >= 300 and count.n_repeats != 1 and round(count.rejected, 4) > TYPE_I


def _claims(count: Count) -> str:
    text = _percent(count.rejected)
    return f"**{text}**" if _claims_too_often(count) else text


def _cell(count: Count) -> str:
    text = _percent(count.covered)
    if count.few_rows > 0.5:
        return f"({text})"
    return f"**{text}**" if misses(count) else text


def _percent(share: float | None, digits: int = 1) -> str:
    return "-" if share is None else f"{100 * share:.{digits}f}"


def _number(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.2f}"
