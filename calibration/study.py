"""Draw samples of a case, build every interval from the same swaps, count how often the truth lies inside."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import stdtrit

from calibration.cases import Case, Swaps, cases, truth
from weighin._inference import IDENTITY, Means, repeats_needed
from weighin._samplers import MarginalSampler

FIRST, MOST = 5, 50  # repeats of "auto"


@dataclass(frozen=True)
class Count:
    """What came out for one case, number of rows and repeats; shares of samples.

    Attributes
    ----------
    name, null, hard
        Of the case.
    n_rows, n_repeats, n_samples
        What was drawn; n_repeats is "auto" or a number, `mean_repeats` how many it came to.
    covered, below, above : float
        Truth inside the 95 % interval; interval wholly below the truth; wholly above.
    rejected : float
        One-sided p-value under 5 %.
    few_rows : float
        Marked so.
    width : float
        Mean width of the interval, in standard deviations of the estimate; 3.9 is that of a known normal.
    ratio : float
        Mean estimated variance over the variance of the estimate.
    sklearn, row_t : float or None
        Coverage of mean +- 1.96 std/sqrt(R) over repeats, and of a t interval over rows; None where they do not apply.
    sklearn_rejected : float or None
        How often the former lies wholly above 0, at its one-sided 5 %.
    """

    name: str
    null: bool
    hard: str
    n_rows: int
    n_repeats: Any
    n_samples: int
    mean_repeats: float
    covered: float
    below: float
    above: float
    rejected: float
    few_rows: float
    width: float
    ratio: float
    sklearn: float | None
    row_t: float | None
    sklearn_rejected: float | None

    @property
    def error(self) -> float:
        """Monte Carlo standard error of the coverage."""
        p = min(max(self.covered, 0.5 / self.n_samples), 1 - 0.5 / self.n_samples)
        return float((p * (1 - p) / self.n_samples) ** 0.5)

    @property
    def rejected_error(self) -> float:
        """Monte Carlo standard error of `rejected`."""
        return float((self.rejected * (1 - self.rejected) / self.n_samples) ** 0.5)


def count(name: str, n_rows: int, n_repeats: Any, n_samples: int) -> Count:
    """Draw `n_samples` samples of a case; the seed follows from its name and the sizes."""
    (case,) = [case for case in cases() if case.name == name]
    rng = np.random.default_rng(zlib.crc32(f"{case.name} {n_rows} {n_repeats}".encode()))
    true = truth(case)
    drawn = [_one(case, rng, n_rows, n_repeats) for _ in range(n_samples)]
    value = {name: np.array([one[name] for one in drawn], dtype=float) for name in drawn[0]}

    def inside(name: str) -> float | None:
        lower, upper = value[f"{name}_lower"], value[f"{name}_upper"]
        return None if np.isnan(lower).any() else float(((lower <= true) & (true <= upper)).mean())

    return Count(
        case.name,
        case.null,
        case.hard,
        n_rows,
        n_repeats,
        n_samples,
        mean_repeats=float(value["repeats"].mean()),
        covered=inside("") or 0.0,
        below=float((value["_upper"] < true).mean()),
        above=float((value["_lower"] > true).mean()),
        rejected=float((value["pvalue"] < 0.05).mean()),
        few_rows=float(value["few_rows"].mean()),
        width=float((value["_upper"] - value["_lower"]).mean() / (value["estimate"].std() or np.nan)),
        ratio=float((value["se"] ** 2).mean() / (value["estimate"].var() or np.nan)),
        sklearn=inside("sklearn"),
        row_t=inside("row"),
        sklearn_rejected=None
        if np.isnan(value["sklearn_t"]).any()
        else float((value["sklearn_t"] > 1.645).mean()),
    )


def _one(case: Case, rng: np.random.Generator, n_rows: int, n_repeats: Any) -> dict[str, float]:
    strata = case.draw(rng, n_rows)
    sizes = [round(n_rows * share) for share in case.shares]
    seeds = [int(rng.integers(2**62)) for _ in sizes]
    possible = (min(sizes) - 1) // 2
    repeats = min(FIRST if n_repeats == "auto" else n_repeats, possible)
    while True:  # as the engine does: more shifts until there are enough; the first stay the same
        donors = [_donors(m, repeats, seed) for m, seed in zip(sizes, seeds, strict=True)]
        swaps = [case.measure(rows, give) for rows, give in zip(strata, donors, strict=True)]
        moments = [part.moments() for part in swaps]
        if n_repeats != "auto":
            break
        wanted = min(repeats_needed(moments, least=FIRST, most=MOST), possible)
        if wanted <= repeats:
            break
        repeats = wanted
    inference = case.infer(moments)
    (lower,), (upper,) = inference.interval()
    result = {
        "estimate": inference.estimate[0],
        "se": inference.se[0],
        "_lower": lower,
        "_upper": upper,
        "pvalue": inference.pvalue[0],
        "few_rows": inference.few_rows[0],
        "repeats": repeats,
    }
    return result | _over_repeats(case, swaps) | _over_rows(case, swaps)


def _donors(n_rows: int, n_repeats: int, seed: int) -> Any:
    (block,) = MarginalSampler(n_rows, n_repeats, seed, block_rows=n_rows).blocks()
    return block.donors


def _over_repeats(case: Case, strata: Sequence[Swaps]) -> dict[str, float]:
    """Mean +- 1.96 std/sqrt(R) of the importances of the repeats."""
    nothing = {"sklearn_lower": np.nan, "sklearn_upper": np.nan, "sklearn_t": np.nan}
    if strata[0].changes.shape[1] < 2:
        return nothing
    change: Any = 0.0
    pairs: Any = 0.0
    rows: Any = 0.0
    weight: Any = 0.0
    for part in strata:
        own = np.ones(part.changes.shape[2]) if part.weights is None else part.weights
        own = own if part.segment is None else own * part.segment
        pair = own if part.weights is None else own * part.weights[part.donors]
        pair = np.broadcast_to(pair, part.changes.shape[1:])
        change, pairs = change + (part.changes * pair).sum(-1), pairs + pair.sum(-1)
        rows, weight = rows + (np.atleast_2d(part.rows) * own).sum(-1), weight + own.sum()
    values = [case.function(Means(unit / pairs, rows / weight))[0] for unit in change]
    value = values[0] - values[1] if case.of_pair else values[0]
    centre, half = value.mean(), value.std() / len(value) ** 0.5
    return {
        "sklearn_lower": centre - 1.96 * half,
        "sklearn_upper": centre + 1.96 * half,
        "sklearn_t": centre / half if half else 0.0,
    }


def _over_rows(case: Case, strata: Sequence[Swaps]) -> dict[str, float]:
    """Mean +- t std/sqrt(n) of the rows."""
    part = strata[0]
    if len(strata) > 1 or part.weights is not None or case.function != IDENTITY.change:
        return {"row_lower": np.nan, "row_upper": np.nan}
    change = part.changes[0] - part.changes[1] if case.of_pair else part.changes[0]
    rows = change.mean(0) if part.segment is None else change[:, part.segment].mean(0)
    half = -stdtrit(len(rows) - 1, 0.025) * rows.std(ddof=1) / len(rows) ** 0.5
    return {"row_lower": rows.mean() - half, "row_upper": rows.mean() + half}
