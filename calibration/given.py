"""``python -m calibration.given``: importance given the others, written to docs/calibration-given.md.

Every cell of `calibration.given_cells` through `weighin.weigh(given="rest")`; beside it the same interval with a
sampler that knows the truth, and hidimstat's conditional feature importance, where that is installed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from calibration.given_cells import CELLS, Cell, Rows

PAGE = Path(__file__).parents[1] / "docs" / "calibration-given.md"
SAMPLES, AT_A_TIME = 1000, 20
# rows from which on fewer samples do
LARGE, LARGE_SAMPLES = 5000, 200
# samples of a cell that the other library, ten times as slow, gets; half as many where models are slow, too
OTHERS = 40
Sample = dict[str, float]


def sample(name: str, n_rows: int, number: int) -> Sample:
    """Weigh one sample; the seed follows from the cell, its size and the number."""
    import weighin

    cell = CELLS[name]
    rng = np.random.default_rng([zlib.crc32(f"{name} {n_rows}".encode()), number])
    rows = cell.draw(rng, n_rows)
    model = cell.model if cell.trained is None else cell.trained(number)
    assert model is not None
    table = rows.table.astype(np.float32) if type(model).__module__.startswith("torch") else rows.table
    imp = weighin.weigh(
        model, table, rows.y, metric=cell.metric, given="rest", features=["x0"],
        random_state=int(rng.integers(2**31)), progress=False,
    )  # fmt: skip
    (lower,), (upper,) = imp.interval()
    report = imp.given_reports["x0"]
    (evidence,) = imp.evidence
    bare = replace(evidence, lam=np.zeros(1)).infer()
    (bare_lower,), (bare_upper,) = bare.interval()
    slope = _own_slope(model, table, rows, rng)
    sloped = replace(evidence, lam=np.array([slope * report.lam])).infer()
    values = {
        "estimate": imp.importances_mean[0], "se": imp.se[0], "lower": lower, "upper": upper,
        "pvalue": imp.pvalue[0], "bare_lower": bare_lower, "bare_upper": bare_upper, "bare_pvalue": bare.pvalue[0],
        "lam": report.lam, "slope": slope, "sloped_lower": sloped.interval()[0][0], "sloped_pvalue": sloped.pvalue[0],
    }  # fmt: skip
    values |= _ideal(cell, model, rows, rng) if rows.mean is not None else {}
    if cell.metric == "mse" and number < (OTHERS // 2 if cell.trained else OTHERS):
        values |= _other(model, rows, number)
    return {key: float(value) for key, value in values.items()}


def _predict(model: Any, table: Any) -> Any:
    if hasattr(model, "predict"):
        return model.predict(table)
    if type(model).__module__.startswith("torch"):
        import torch

        with torch.no_grad():
            return (
                model(torch.tensor(np.asarray(table), dtype=torch.float32))[:, 0].numpy().astype(np.float64)
            )
    return model(table)


def _with(table: Any, values: Any) -> Any:
    changed = table.copy()
    if hasattr(changed, "columns"):
        changed["x0"] = values
    else:
        changed[:, 0] = values
    return changed


def _own_slope(model: Any, table: Any, rows: Rows, rng: np.random.Generator) -> float:
    """1 + slope of the residual on the part of the prediction that is x0's own, from 1 to 5."""
    own = np.asarray(table["x0"] if hasattr(table, "columns") else table[:, 0])
    told = _predict(model, table)
    part = told - np.mean([_predict(model, _with(table, rng.permutation(own))) for _ in range(5)], axis=0)
    part = part - part.mean()
    square = float(part @ part)
    return float(np.clip(1 + (rows.y - told) @ part / square, 1, 5)) if square else 1.0


def _ideal(cell: Cell, model: Any, rows: Rows, rng: np.random.Generator) -> Sample:
    """The interval with a sampler that knows mean and spread given the others."""
    from weighin._inference import Moments, Strata
    from weighin._samplers import MarginalSampler

    assert rows.mean is not None
    assert rows.sd is not None
    n = len(rows.y)
    (block,) = MarginalSampler(n, 5, int(rng.integers(2**62)), block_rows=n).blocks()
    order = block.rows
    own = np.asarray(rows.table["x0"] if hasattr(rows.table, "columns") else rows.table[:, 0])
    rest = ((own - rows.mean) / rows.sd)[order]
    table = rows.table.iloc[order] if hasattr(rows.table, "columns") else rows.table[order]
    y, mean, sd = rows.y[order], rows.mean[order], rows.sd[order]
    loss = (lambda told: np.abs(y - told)) if cell.metric == "mae" else (lambda told: (y - told) ** 2)
    before = loss(_predict(model, table))
    changes = np.array(
        [loss(_predict(model, _with(table, mean + sd * rest[d]))) - before for d in block.donors]
    )
    inference = Strata((Moments.of(changes[None], block.donors, before),)).infer()
    (lower,), (upper,) = inference.interval()
    return {"ideal_lower": lower, "ideal_upper": upper, "ideal_pvalue": inference.pvalue[0]}


def _other(model: Any, rows: Rows, number: int) -> Sample:
    """Hidimstat's conditional feature importance, with its defaults; nothing where it cannot."""
    try:
        from hidimstat import CFI
    except ImportError:
        return {}
    if hasattr(rows.table, "columns") or np.isnan(rows.table).any():
        return {}
    from sklearn.base import BaseEstimator, RegressorMixin

    class Fitted(RegressorMixin, BaseEstimator):
        n_features_in_ = rows.table.shape[1]

        def fit(self, X: Any, y: Any) -> Any:
            return self

        def predict(self, X: Any) -> Any:
            return _predict(model, X)

        def __sklearn_is_fitted__(self) -> bool:
            return True

    other = CFI(Fitted(), features_groups={"x0": [0]}, random_state=number)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (importance,) = other.fit_importance(rows.table, rows.y)
    return {"other": importance, "other_pvalue": other.pvalues_[0]}


def _in_turn(
    asked: Sequence[tuple[str, int]], samples: int, done: Mapping[tuple[str, int], Sequence[Sample]]
) -> Iterator[tuple[str, int, int]]:
    """Numbers of samples that are still to be drawn: whenever time is up, each cell has about as many."""
    for stop in range(AT_A_TIME, samples + AT_A_TIME, AT_A_TIME):
        for name, n in asked:
            most = min(stop, samples if n < LARGE else min(samples, LARGE_SAMPLES))
            yield from ((name, n, number) for number in range(len(done[name, n]), most))


def main() -> None:
    """Read the options, count, write."""
    parser = argparse.ArgumentParser(prog="python -m calibration.given", description=__doc__)
    parser.add_argument("--samples", type=int, default=SAMPLES, help=f"samples a cell ({SAMPLES:,})")
    parser.add_argument("--only", action="append", metavar="NAME", help="cells that start so")
    parser.add_argument("--rows", type=int, action="append", help="numbers of rows")
    parser.add_argument(
        "--seconds", type=float, default=float("inf"), help="stop then, with the samples there are"
    )
    parser.add_argument("--kept", type=Path, help="file of samples: read, and added to")
    parser.add_argument(
        "--output", type=Path, default=PAGE, help="where to write (docs/calibration-given.md)"
    )
    options = parser.parse_args()
    asked = [
        (name, n)
        for name, cell in CELLS.items()
        for n in cell.rows
        if (not options.only or name.startswith(tuple(options.only)))
        and (not options.rows or n in options.rows)
    ]
    if not asked:
        parser.error(f"no cell starts so; there are {', '.join(CELLS)}")
    done: dict[tuple[str, int], list[Sample]] = {key: [] for key in asked}
    if options.kept and options.kept.exists():
        for line in options.kept.read_text().splitlines():
            name, n, values = json.loads(line)
            done.setdefault((name, n), []).append(values)
    start = time.monotonic()
    for name, n, number in _in_turn(asked, options.samples, done):
        if time.monotonic() - start > options.seconds:
            break
        values = sample(name, n, number)
        done[name, n].append(values)
        if options.kept:
            with options.kept.open("a") as file:
                file.write(json.dumps([name, n, values]) + "\n")
        print(
            f"\r{number + 1} of {name}, {time.monotonic() - start:.0f} s  ",
            end="",
            file=sys.stderr,
            flush=True,
        )
    print(file=sys.stderr)
    from calibration.given_page import page

    options.output.write_text(page(done, "python -m calibration.given", OTHERS), encoding="utf-8")


if __name__ == "__main__":
    main()
