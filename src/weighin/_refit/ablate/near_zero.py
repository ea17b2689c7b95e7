"""Importances over fits: their mean, and the interval for this way of training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import ModelError
from weighin._inference.refits import Spread, resampled, rows_by_fits
from weighin._refit.recipes.plan import Laid
from weighin._refit.recipes.store import Outcome

TWICE = 2.0


def importances(
    weights: Sequence[Sequence[Mapping[str, Any]]], shares: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Importances of each fit, folds joined, of shape (n_features, n_fits).

    Parameters
    ----------
    weights : sequence of sequence of dict
        For each fold, for each fit, what `weigh_model` gave.
    shares : ndarray of shape (n_folds,)
        Of the folds in the rows.
    """
    values = np.array([[one["importance"] for one in fold] for fold in weights], dtype=float)
    return np.einsum("k,kmf->fm", shares, values)


def few_rows(weights: Sequence[Sequence[Mapping[str, Any]]]) -> NDArray[np.bool_]:
    """Whether in most fits, and in every fold of them, too few rows count, shape (n_features,)."""
    few = np.array([[one["few_rows"] for one in fold] for fold in weights], dtype=bool)
    return np.asarray(few.all(0).mean(0) > 0.5)


def spreads(
    weights: Sequence[Sequence[Mapping[str, Any]]], shares: NDArray[np.float64], laid: Laid
) -> list[Spread]:
    """What the variance of each feature's mean importance over fits is made of."""
    values = importances(weights, shares)
    if laid.splits.resampled:
        return [_drawn_anew(weights[0], own, f, laid) for f, own in enumerate(values)]
    if all("blocks" in one for fold in weights for one in fold):
        # (folds, blocks, fits, features)
        tables = [
            np.array([one["blocks"] for one in fold], dtype=float).transpose(1, 0, 2) for fold in weights
        ]
        return [
            rows_by_fits([table[:, :, f] for table in tables], shares.tolist()) for f in range(len(values))
        ]
    return [_careful(weights, shares, values[f], f) for f in range(len(values))]


def _drawn_anew(
    weights: Sequence[Mapping[str, Any]], values: NDArray[np.float64], f: int, laid: Laid
) -> Spread:
    """Random splits: rows that test one fit train the others, and what is noise in them moves importances both ways.

    A row that moves a test by psi / n_test moves a training by phi / n_train, and the mean over many splits by
    (psi + phi) / n. Splits differ by psi - phi n_test / n_train alone, from which Nadeau and Bengio's factor would tell
    the rest: too little where phi goes with psi, as in least squares. There phi is the noise in psi, so that twice the
    standard error of psi is enough.
    """
    spread = resampled(values, laid.splits.ratio, laid.n_test)
    own = float(np.mean([one["se"][f] ** 2 for one in weights])) * laid.n_test / len(laid.frame)
    rows = TWICE**2 * own
    if not spread.known or not rows > spread.rows:
        return spread
    doubt = rows**2 / (laid.n_test - 1) + spread.fits**2 / (len(values) - 1)
    df = max(1.0, (rows + spread.fits) ** 2 / doubt)
    return Spread("rows x fits", rows, spread.fits, 0.0, len(values), laid.n_test, df)


def _careful(
    weights: Sequence[Sequence[Mapping[str, Any]]],
    shares: NDArray[np.float64],
    values: NDArray[np.float64],
    f: int,
) -> Spread:
    """Where rows cannot be told from fits: all of the variance of one model as that of rows, and that of fits."""
    m = len(values)
    own = np.array([[one["se"][f] ** 2 for one in fold] for fold in weights], dtype=float).mean(1)
    rows = float((shares**2 * own).sum())
    if m < 2 or not np.isfinite(rows):
        return Spread("unknown", n_fits=m)
    return Spread("rows x fits", rows, float(values.var(ddof=1)) / m, 0.0, m, 0, m - 1.0)


def near_zero(full: Sequence[Outcome], laid: Laid) -> tuple[tuple[str, ...], str]:
    """Name the features whose importance, over the fits of the full model, cannot be told apart from zero.

    Returns
    -------
    names : tuple of str
        Those whose interval reaches down to 0.
    told : str
        How that was found.
    """
    folds = len(laid.splits.folds)
    by_fold = [full[fold::folds] for fold in range(folds)]
    good = [fit for fit in range(len(by_fold[0])) if not any(fold[fit].failed for fold in by_fold)]
    if not good:
        raise ModelError(
            f"The full model could not be trained. {full[0].errors[0] if full[0].errors else ''}"
        )
    weights = [[fold[fit].weights for fit in good] for fold in by_fold]
    values = importances(weights, laid.weights)
    lower = np.array(
        [
            spread.interval(own.mean())[0]
            if spread.known
            else own.mean() - 2 * _own_se(weights, laid.weights, place)
            for place, (own, spread) in enumerate(
                zip(values, spreads(weights, laid.weights, laid), strict=True)
            )
        ]
    )
    # no interval for this metric: the mean itself
    lower = np.where(np.isfinite(lower), lower, values.mean(1))
    names = weights[0][0]["names"]
    told = (
        f"Found by shuffling them on the rows tested on, over {len(good)} fit{'s' * (len(good) > 1)}: the 95 % "
        "interval reaches down to 0."
    )
    return tuple(name for name, low in zip(names, lower, strict=True) if low <= 0), told


def _own_se(weights: Sequence[Sequence[Mapping[str, Any]]], shares: NDArray[np.float64], f: int) -> float:
    return float(
        sum(share**2 * fold[0]["se"][f] ** 2 for share, fold in zip(shares, weights, strict=True)) ** 0.5
    )
