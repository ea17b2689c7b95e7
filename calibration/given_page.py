"""Samples of importance given other columns, put into words and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import numpy as np
from numpy.typing import NDArray

from calibration.given_cells import CELLS, Cell

Counted = Mapping[tuple[str, int], Sequence[Mapping[str, float]]]

HEAD = """# Importance given the other columns: how far it can be trusted

Every cell goes through `weighin.weigh(model, X, y, given="rest", features=["x0"])`, from table to interval and
p-value, on samples drawn anew. The truth is known in closed form. Written by

    {command}

which draws 1,000 samples of each cell unless `--seconds` ends it sooner: "samples" says how many there were.

**Beside it**: the same interval with an *ideal* sampler, which knows the mean of x0 given the others and its
spread; and the conditional feature importance (CFI) of hidimstat {version} with its defaults, on up to {others}
samples of each cell (half of that for trained models). *Bare* is the interval without the allowance for what the
fit of the other columns errs; *own slope* multiplies the allowance by 1 + the slope of the residual on x0's own
part of the prediction (between 1 and 5), for models that make too little of x0. "Claims" is how often the one-sided
p-value lies under 5%.

Bars: bias within 3% where x0 is a number (7% where its spread depends on the others, 5% after steps); 93 to 98%
covered from 1,000 rows on (91% at least where the spread depends on the others), 93% at least at 300 (88%); claims
of useless features at most 6.5% (8% for levels, 6% for trained models); claims of useful ones at least 90% of the
ideal sampler's. Outside a bar: **bold**, and named at the end, with the Monte Carlo error: a difference of less
than two of those says little.

"""
USEFUL = """## x0 says something of its own

| cell | n | samples | bias % | covered | bare | ideal | allowance | claims | own slope | ideal | CFI: bias % |
|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|
"""
USELESS = """
## x0 is useless given the others, and the model uses it all the same

Trained models: ten of each, trained on 1,000 rows of their own.

| cell | n | samples | claims | bare | own slope | ideal | allowance | slope | CFI: claims |
|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|
"""
READ = """
## How to read it

- **Steps.** Where x0 depends on the others in steps, trees are grown on the rows that they explain: what they leave
  is a few percent too small, and so is the importance. The interval covers less often than it says.
- **Levels and missing values.** Rows of a bin are not quite alike: with 300 rows the importance comes out up to a
  tenth too large. The allowance covers that; the bare interval does not.
- **Models that make too little of what x0 stands in for** beat the allowance ("a sine, model shrunken by more than
  half"). The own slope mends most of it. It costs hardly any power in the weak cells above, which
  are linear; curved ones are not counted, so `weigh` goes without it ([intervals-given.md](intervals-given.md)).
- **Bare p-values must not be used**: of columns that stand in for something curved they claim too often. So does
  CFI, whose imputation is linear and whose test takes rows for independent.
"""
OUTSIDE = """
## What lies outside the bars

"""


@dataclass(frozen=True)
class Bar:
    """A figure held against its bar: `off` says how it misses."""

    text: str
    off: bool
    error: float


@dataclass(frozen=True)
class Line:
    """One cell at one size."""

    name: str
    cell: Cell
    n_rows: int
    values: Mapping[str, NDArray[np.float64]]

    @property
    def n_samples(self) -> int:
        """Samples drawn."""
        return len(self.values["estimate"])

    def share(self, name: str, below: float = 0.05) -> float:
        """How often a p-value is small; NaN where there is none."""
        drawn = self.values.get(name)
        return float("nan") if drawn is None else float((drawn < below).mean())

    def covered(self, lower: str, upper: str) -> float:
        """How often the truth lies between two ends."""
        if lower not in self.values:
            return float("nan")
        inside = (self.values[lower] <= self.cell.truth) & (self.cell.truth <= self.values[upper])
        return float(inside.mean())

    def bias(self, name: str = "estimate") -> float:
        """In percent of the truth."""
        drawn = self.values.get(name)
        return float("nan") if drawn is None else float(100 * (drawn.mean() / self.cell.truth - 1))

    def bars(self) -> dict[str, Bar]:
        """What is held against a bar."""
        kind, small = self.cell.kind, self.n_rows < 1000

        def share(value: float, off: bool) -> Bar:
            p = min(max(value, 0.5 / self.n_samples), 1 - 0.5 / self.n_samples)
            return Bar(percent(value), off, 100 * (p * (1 - p) / self.n_samples) ** 0.5)

        claims = self.share("pvalue")
        if self.cell.null:
            most = {"classes": 0.08, "trained": 0.06}.get(kind, 0.065)
            return {"claims": share(claims, claims > most)}
        least = (0.88 if small else 0.91) if kind == "uneven" else 0.93
        covered, bias = self.covered("lower", "upper"), self.bias()
        ideal = self.share("ideal_pvalue")
        sd = 100 * float(self.values["estimate"].std()) / abs(self.cell.truth) / self.n_samples**0.5
        most = {"uneven": 7.0, "steps": 5.0, "classes": np.inf}.get(kind, 3.0)
        return {
            "bias": Bar(f"{bias:+.1f}", not small and abs(bias) > most, sd),
            "covered": share(covered, covered < least or (not small and covered > 0.98)),
            "claims": share(claims, bool(claims < 0.9 * ideal)),
        }


def percent(share: float) -> str:
    """As a table has it."""
    return "-" if np.isnan(share) else f"{100 * share:.1f}"


def page(done: Counted, command: str, others: int) -> str:
    """The page."""
    lines = [_line(name, n, samples) for (name, n), samples in done.items() if samples]
    useful = [line for line in lines if not line.cell.null]
    useless = [line for line in lines if line.cell.null]
    outside = [
        f"- {line.name}, n = {line.n_rows:,}: {what} {bar.text} (± {bar.error:.1f})"
        for line in lines
        for what, bar in line.bars().items()
        if bar.off
    ]
    return (
        HEAD.format(command=command, others=others, version=_version())
        + USEFUL
        + "".join(map(_useful, useful))
        + USELESS
        + "".join(map(_useless, useless))
        + READ
        + OUTSIDE
        + ("\n".join(outside) or "Nothing.")
        + "\n"
    )


def _version() -> str:
    try:
        return version("hidimstat")
    except PackageNotFoundError:
        return "(not installed)"


def _line(name: str, n: int, samples: Sequence[Mapping[str, float]]) -> Line:
    keys = dict.fromkeys(key for sample in samples for key in sample)
    values = {key: np.array([sample[key] for sample in samples if key in sample]) for key in keys}
    return Line(name, CELLS[name], n, values)


def _marked(bar: Bar) -> str:
    return f"**{bar.text}**" if bar.off else bar.text


def _useful(line: Line) -> str:
    bars = {what: _marked(bar) for what, bar in line.bars().items()}
    other = line.bias("other")
    figures = [
        bars["bias"], bars["covered"], percent(line.covered("bare_lower", "bare_upper")),
        percent(line.covered("ideal_lower", "ideal_upper")), f"{line.values['lam'].mean():.3f}", bars["claims"],
        percent(line.share("sloped_pvalue")), percent(line.share("ideal_pvalue")),
        "-" if np.isnan(other) else f"{other:+.0f}",
    ]  # fmt: skip
    return _row(line, figures)


def _useless(line: Line) -> str:
    figures = [
        _marked(line.bars()["claims"]), percent(line.share("bare_pvalue")), percent(line.share("sloped_pvalue")),
        percent(line.share("ideal_pvalue")), f"{line.values['lam'].mean():.3f}", f"{line.values['slope'].mean():.2f}",
        percent(line.share("other_pvalue")),
    ]  # fmt: skip
    return _row(line, figures)


def _row(line: Line, figures: Sequence[str]) -> str:
    return f"| {line.name} | {line.n_rows:,} | {line.n_samples:,} | {' | '.join(figures)} |\n"
