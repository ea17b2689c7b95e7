"""``python -m calibration.leaving_out``: `leave_one_out` and `carried_by_others`, in docs/calibration-leave-one-out.md.

Both through the public methods, for the first of four columns, of which the others explain four fifths.
"""

from __future__ import annotations

import argparse
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

PAGE = Path(__file__).parents[1] / "docs" / "calibration-leave-one-out.md"
ROWS = (300, 1000)
Floats = NDArray[np.float64]

HEAD = """# The intervals of `leave_one_out` and `carried_by_others`

How often the 95% interval holds the closed form. Written by

    {command}

with {samples:,} samples a cell; the Monte Carlo error of a coverage near 95% is {error:.2f} points. The model adds `b`
times the first column to the others, the target `beta` times; tau2 is the variance that the other columns leave of the
first. Leave-one-out is then (2 b beta - b²) tau2, the importance given the rest 2 b beta tau2, and shuffled freely
2 b beta Var(x). "bias" is in parts of the largest of these. The bars: 93 to 98. Outside: **bold**.

| model | metric | n | leave-one-out | bias | coverage | carried by others | bias | coverage |
|---|---|--:|--:|--:|--:|--:|--:|--:|
"""


@dataclass(frozen=True)
class Cell:
    """What the first column is, what the target takes of it, and what the model does."""

    beta: float
    b: float
    curved: bool = False
    metric: str = "mse"

    def draw(self, rng: np.random.Generator, n: int) -> tuple[Floats, Floats]:
        """A table and its target."""
        others, noise = rng.standard_normal((n, 3)), rng.standard_normal(n)
        first = others[:, 0] ** 2 + 0.5 * noise if self.curved else 0.9 * others[:, 0] + 0.19**0.5 * noise
        table = np.column_stack([first, others])
        return table, self.beta * first + others @ [1.0, 0.5, 0.0] + 0.5 * rng.standard_normal(n)

    def model(self, table: Any) -> Floats:
        """Predictions."""
        return np.asarray(np.asarray(table) @ [self.b, 1.0, 0.5, 0.0])

    @property
    def truths(self) -> tuple[float, float]:
        """Leave-one-out, and what others carry of the importance."""
        variance, left = (2.25, 0.25) if self.curved else (1.0, 0.19)
        # the model's error before any swap: of the target, and of what it takes wrongly of the first column
        before = 0.25 + (self.beta - self.b) ** 2 * variance
        after = [
            before + grown
            for grown in (
                (2 * self.b * self.beta - self.b**2) * left,
                2 * self.b * self.beta * left,
                2 * self.b * self.beta * variance,
            )
        ]
        values = np.sqrt([before, *after]) if self.metric == "rmse" else np.array([before, *after])
        return float(values[1] - values[0]), float(values[3] - values[2])


CELLS = {
    "linear, correlation .9": Cell(1.0, 1.0),
    "the same, RMSE": Cell(1.0, 1.0, metric="rmse"),
    "x = w**2 + e": Cell(1.0, 1.0, curved=True),
    "shrunken by half": Cell(1.0, 0.5),
    "useless, but used": Cell(0.0, 0.7),
}


def sample(name: str, n: int, number: int) -> tuple[list[float], list[bool]]:
    """Estimates and whether their intervals hold the truth."""
    import weighin

    cell = CELLS[name]
    rng = np.random.default_rng([zlib.crc32(f"{name} {n}".encode()), number])
    table, y = cell.draw(rng, n)
    both = weighin.weigh(
        cell.model, table, y, metric=cell.metric, given=[None, "rest"], features=["x0"], keep_rows=True,
        outputs="number", random_state=int(rng.integers(2**31)), progress=False,
    )  # fmt: skip
    left_out, carried = both.of(given="rest").leave_one_out("x0"), both.carried_by_others("x0")
    truths = cell.truths
    return [left_out.increase, carried.difference], [
        result.ci_lower <= truth <= result.ci_upper
        for result, truth in zip((left_out, carried), truths, strict=True)
    ]


def main() -> None:
    """Read the options, count, write."""
    parser = argparse.ArgumentParser(prog="python -m calibration.leaving_out", description=__doc__)
    parser.add_argument("--samples", type=int, default=1000, help="samples a cell (1,000)")
    parser.add_argument("--output", type=Path, default=PAGE, help="where to write")
    options = parser.parse_args()
    start, lines = time.monotonic(), []
    for name, cell in CELLS.items():
        for n in ROWS:
            samples = [sample(name, n, number) for number in range(options.samples)]
            truths, estimates = np.array(cell.truths), np.array([values for values, _ in samples])
            held = np.mean([holds for _, holds in samples], axis=0)
            bias = (estimates.mean(0) - truths) / max(abs(truths))
            numbers = [
                f"{truth:.3f} | {100 * error:+.1f}% | {_marked(100 * covered)}"
                for truth, error, covered in zip(truths, bias, held, strict=True)
            ]
            lines.append(f"| {name} | {cell.metric} | {n:,} | {' | '.join(numbers)} |")
            print(lines[-1], f"{time.monotonic() - start:.0f} s", flush=True)
    more = f" --samples {options.samples}" if options.samples != 1000 else ""
    head = HEAD.format(
        command=f"python -m calibration.leaving_out{more}",
        samples=options.samples,
        error=100 * (0.05 * 0.95 / options.samples) ** 0.5,
    )
    options.output.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")


def _marked(coverage: float) -> str:
    return f"{coverage:.1f}" if 93 <= coverage <= 98 else f"**{coverage:.1f}**"


if __name__ == "__main__":
    main()
