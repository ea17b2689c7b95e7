"""Chains of swaps through the model itself: rows of which some features are the donor's, step by step all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._engine.arrays import empty, where
from weighin._engine.kernels.kernel import Chain
from weighin._engine.workers import Workers
from weighin._models import Rows
from weighin._samplers import Positions

# of one call of a model whose rows are not exact: fewer do not pay for it
STACKED_ROWS = 256
Predict = Callable[[Rows], Any]
Levels = NDArray[np.integer] | None


def predict_exact(
    chain: Chain,
    levels: list[Levels],
    predict: Predict,
    rows_of_call: int,
    workers: Workers,
    baseline: Any,
    out: Any,
) -> None:
    """Predict once at each step that gives a row a value it does not have: a row has the same bits beside any others.

    `levels`, shape (n_rows,): for each feature, number of each row's value; None where there are too many to count.
    `predict`: from rows to predictions. `baseline`, `out`: as for kernels; `baseline` filled in already.
    """
    n_units, n_repeats, n = chain.places.shape
    own = np.arange(chain.start, chain.start + n)
    # the steps of a row side by side: trees take almost the same turns, which processors foresee
    moved = np.zeros((n, n_repeats, n_units), dtype=bool)
    repeats, rows = np.arange(n_repeats)[:, None], np.arange(n)
    for codes, place in zip(levels, chain.places, strict=True):
        moved[rows, repeats, place] = True if codes is None else codes[chain.donors] != codes[own]
    wanted = np.flatnonzero(moved)
    call = max(1, min(rows_of_call, -(-len(wanted) // workers.n_threads)))

    def task(start: int) -> Any:
        states, steps = np.divmod(wanted[start : start + call], n_units)
        row, repeat = np.divmod(states, n_repeats)
        return predict(_rows(chain, own, repeat, row, steps))

    starts = range(0, len(wanted), call)
    for start, pred in zip(starts, workers.each(task, starts), strict=True):
        states, steps = np.divmod(wanted[start : start + call], n_units)
        row, repeat = np.divmod(states, n_repeats)
        out[steps, repeat, row] = pred
    before = np.broadcast_to(baseline, out.shape[1:])
    for step, after in enumerate(out):
        after[...] = np.where(moved[:, :, step].T[..., None], after, before)
        before = after


def predict_in_place(
    chain: Chain,
    predict: Predict,
    rows_of_call: int,
    workers: Workers,
    rounding: Any,
    baseline: Any,
    out: Any,
) -> None:
    """Predict every step of a row at the same place of its batch, for models that are exact there only.

    `rounding`: What two predictions of a row may differ by without a cause: then nothing has changed.
    """
    _, n_repeats, n = chain.places.shape
    own = np.arange(chain.start, chain.start + n)
    step_rows = max(1, min(rows_of_call, -(-n // workers.n_threads)))
    # repeats of few rows go together
    copies = max(1, min(n_repeats, min(rows_of_call, STACKED_ROWS) // step_rows))

    def task(start: int) -> tuple[Any, Any]:
        here = np.arange(start, min(start + step_rows, n))
        filled = empty(baseline, len(out), n_repeats, len(here), baseline.shape[-1])
        for first in range(0, n_repeats, copies):
            repeats = np.arange(first, min(first + copies, n_repeats))
            row, repeat = np.tile(here, len(repeats)), np.repeat(repeats, len(here))
            before = first_pred = predict(_rows(chain, own, repeat, row, -1))
            for step in range(len(out)):
                after = predict(_rows(chain, own, repeat, row, step))
                # infinite ones are found later
                with np.errstate(invalid="ignore"):
                    same = (after == before) | (abs(after - before) <= rounding)
                before = where(same, before, after)
                filled[step, repeats[0] : repeats[-1] + 1] = before.reshape(len(repeats), len(here), -1)
            if not first:
                start_pred = first_pred[: len(here)]
        return start_pred, filled

    starts = range(0, n, step_rows)
    for start, (before, filled) in zip(starts, workers.each(task, starts), strict=True):
        here = slice(start, start + step_rows)
        baseline[here], out[:, :, here] = before, filled


def _rows(chain: Chain, own: Positions, repeat: Positions, row: Positions, step: Positions | int) -> Rows:
    """Rows in some repeats after some steps, -1 for none; all in arrays of one length, but for a step of all."""
    rows: Rows = chain.rows.take(own[row])
    flat = repeat * len(own) + row
    donors, receivers = chain.donors.ravel()[flat], own[row]
    for feature, place in zip(chain.features, chain.places, strict=True):
        givers = np.where(place.ravel()[flat] <= step, donors, receivers)
        rows.replace(feature.columns, chain.rows, chain.rows.index(givers))
    return rows
