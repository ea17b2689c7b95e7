"""Whether intervals of importance given other columns cover: a short run of what docs/calibration-given.md counts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from weighin._engine.workers import blas, one_blas_thread
from weighin._inference import IDENTITY, ROOT, GivenEvidence, GivenMoments
from weighin._samplers import Block, MarginalSampler
from weighin._samplers.conditional import RawColumn, Unit, fit_given

N, ROWS, REPEATS, RHO = 100, 300, 5, 0.9
ERROR = 3.5 * (0.05 * 0.95 / N) ** 0.5


def sample(seed: int, own: float) -> GivenEvidence:
    """Two copies of w with other noise; y tells as much of what is a's own as `own` says, the model relies on both."""
    rng = np.random.default_rng(seed)
    table = {"w": rng.normal(size=ROWS), "v": rng.normal(size=ROWS)}
    for name in ("a", "b"):
        table[name] = RHO * table["w"] + (1 - RHO**2) ** 0.5 * rng.normal(size=ROWS)
    told = own * table["a"] + (1 - own) * RHO * table["w"]
    y = 2 * told + table["b"] + table["v"] + rng.normal(size=ROWS)

    def loss(moved: dict[str, np.ndarray]) -> np.ndarray:
        columns = table | moved
        return (y - 2 * columns["a"] - columns["b"] - columns["v"]) ** 2

    units = [Unit(name, (name,), tuple(other for other in table if other != name)) for name in ("a", "b")]
    model = fit_given([RawColumn(name, values) for name, values in table.items()], units, seed=seed)
    (block,) = MarginalSampler(ROWS, REPEATS, seed).blocks()
    swaps = [model.swaps(unit, Block(None, block.given), 0) for unit in units]
    before = loss({})
    changes = np.stack([loss(dict(swap.moved)) - before for swap in swaps])
    moves = [2 * (swaps[0].moved["a"] - table["a"]), swaps[1].moved["b"] - table["b"]]
    moments = GivenMoments.of(
        changes,
        np.stack([swap.donors for swap in swaps]),
        np.stack([swap.bins for swap in swaps]),
        before,
        allowance=np.square(moves),
    )
    return GivenEvidence.of([moments], [model.report(unit, REPEATS).lam for unit in units])


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Products too small for threads."""
    with one_blas_thread(blas()):
        yield


@pytest.mark.slow
def test_intervals_cover_the_closed_form_and_so_do_differences() -> None:
    own = 2 * (1 - RHO**2)
    truth = {"a": 4 * own, "b": own, "difference": 3 * own, "root a": (1 + 4 * own) ** 0.5 - 1}
    covered = dict.fromkeys(truth, 0)
    for seed in range(N):
        evidence = sample(seed, 1.0)
        ends = np.array(evidence.infer(IDENTITY.change).interval())
        difference = np.array(evidence.contrast({0: 1.0, 1: -1.0}).interval())
        root = np.array(evidence.infer(ROOT.change).interval())
        for name, (lower, upper) in {
            "a": ends[:, 0],
            "b": ends[:, 1],
            "difference": difference[:, 0],
            "root a": root[:, 0],
        }.items():
            covered[name] += lower <= truth[name] <= upper
    for name, count in covered.items():
        assert 0.93 - ERROR <= count / N <= 1.0, (name, count)
        assert count / N >= 0.9, (name, count)


@pytest.mark.slow
def test_a_feature_that_tells_nothing_beyond_the_others_is_seldom_claimed() -> None:
    pvalues = np.array([sample(1000 + seed, 0.0).infer().pvalue[0] for seed in range(N)])
    assert (pvalues < 0.05).mean() <= 0.05 + ERROR
    assert (pvalues > 0.5).mean() >= 0.3
