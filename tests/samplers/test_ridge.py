"""One Gram matrix for all targets gives what each target's own fit gives."""

from __future__ import annotations

import numpy as np
import pytest

from weighin._samplers.conditional.ridge import BOTH, STRAIGHT, Job, Ridge

RNG = np.random.default_rng(0)
N, WIDTH = 200, 12
ROWS = RNG.normal(size=(N, WIDTH)) @ RNG.normal(size=(WIDTH, WIDTH))
CURVED = np.arange(WIDTH) % 3 == 2
TARGETS = RNG.normal(size=(N, 2)) + ROWS[:, :1]
NONE = np.empty(0, dtype=np.int64)
EXTRA, EXTRA_CURVED = RNG.normal(size=(N, 3)), np.array([False, True, False])


def direct(target, keep, number, extra=None):
    """Fitted values and leverages, straight from the columns that are kept."""
    rows = ROWS[:, keep]
    small, large = (STRAIGHT[number], None) if number < len(STRAIGHT) else BOTH[number - len(STRAIGHT)]
    bends = CURVED[keep]
    if extra is not None:
        rows, bends = np.column_stack([rows, extra]), np.concatenate([bends, EXTRA_CURVED])
    if large is None:
        rows, bends = rows[:, ~bends], bends[~bends]
    rows = rows - rows.mean(0)
    inverse = np.linalg.inv(rows.T @ rows + np.diag(np.where(bends, large or 0.0, small)))
    hat = rows @ inverse @ rows.T + 1 / N
    return hat @ (target - target.mean()) + target.mean(), np.diag(hat)


@pytest.mark.parametrize("extra", [None, EXTRA])
@pytest.mark.parametrize("drop", [NONE, np.array([0, 2, 5])])
def test_fit_and_leverage_are_those_of_the_columns_that_are_kept(drop, extra):
    job = Job(TARGETS, drop, extra, None if extra is None else EXTRA_CURVED)
    (fit,) = Ridge(ROWS, CURVED).fit([job])
    keep = np.setdiff1d(np.arange(WIDTH), drop)
    for q in range(2):
        errors = []
        for number in range(len(STRAIGHT) + len(BOTH)):
            fitted, leverage = direct(TARGETS[:, q], keep, number, extra)
            errors.append((((TARGETS[:, q] - fitted) / (1 - leverage)) ** 2).mean())
            if number == fit.penalty[q]:
                np.testing.assert_allclose(fit.fitted[:, q], fitted, atol=1e-10)
                np.testing.assert_allclose(fit.leverage[:, q], leverage, atol=1e-10)
        assert errors[fit.penalty[q]] == pytest.approx(min(errors), rel=1e-10)
        assert fit.error[q] == pytest.approx(min(errors), rel=1e-10)
    np.testing.assert_allclose(fit.predict(ROWS, extra), fit.fitted, atol=1e-10)


@pytest.mark.parametrize("extra", [None, EXTRA])
def test_rows_left_out_are_predicted_by_the_others(extra):
    drop = np.array([1])
    ridge = Ridge(ROWS, CURVED)
    job = Job(TARGETS, drop, extra, None if extra is None else EXTRA_CURVED)
    (fit,) = ridge.fit([job])
    own = ridge.leverage(int(fit.penalty[0]), job, ROWS, extra)
    np.testing.assert_allclose(own, fit.leverage[:, 0], atol=1e-10)
    left_out = fit.left_out(TARGETS)
    assert ((TARGETS - left_out) ** 2).mean(0) == pytest.approx(fit.error)


def test_where_rows_cannot_be_left_out_for_every_penalty_they_are_for_the_chosen_one():
    job = Job(TARGETS, np.array([0, 2]))
    (exact,), (quick,) = (Ridge(ROWS, CURVED, exact=exact).fit([job]) for exact in (True, None))
    assert exact.error == pytest.approx(quick.error)
    ridge = Ridge(ROWS, CURVED)
    ridge.exact = False
    (quick,) = ridge.fit([job])
    assert quick.error == pytest.approx(exact.error, rel=0.02)
    same = quick.penalty == exact.penalty
    np.testing.assert_allclose(quick.leverage[:, same], exact.leverage[:, same], atol=1e-12)
