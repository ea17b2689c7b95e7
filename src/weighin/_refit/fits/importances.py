"""Importances over fits: their mean, and the interval for this way of training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import ModelError
from weighin._inference.refits import Spread, resampled, rows_by_fits
from weighin._refit.fits.design import Design
from weighin._refit.fits.store import Outcome

# standard errors of one model that noise in its training rows may add up to: see `_drawn_anew`
TWICE = 2.0


@dataclass(frozen=True)
class WeighedFits:
    """What weighing gave in every fit that worked."""

    # for each fold, its fits; the same ones in each
    folds: Sequence[Sequence[Outcome]]
    design: Design

    @classmethod
    def of(
        cls, outcomes: Sequence[Outcome], design: Design, failed: str = "No model could be trained."
    ) -> WeighedFits:
        """Take the fits that worked in every fold from outcomes fit after fit."""
        n_folds = len(design.splits.folds)
        fits = [outcomes[start : start + n_folds] for start in range(0, len(outcomes), n_folds)]
        worked = [folds for folds in fits if not any(outcome.failed for outcome in folds)]
        if not worked:
            raise ModelError(f"{failed} {''.join(outcomes[0].errors[:1])}")
        return cls(list(zip(*worked, strict=True)), design)

    @property
    def names(self) -> tuple[str, ...]:
        """Features and groups."""
        return tuple(self.folds[0][0].weights["names"])

    @cached_property
    def importances(self) -> NDArray[np.float64]:
        """Importances of each fit, folds joined, of shape (n_features, n_fits)."""
        return np.einsum("k,kmf->fm", self.design.weights, self._stacked("importance"))

    @cached_property
    def few_rows(self) -> NDArray[np.bool_]:
        """Whether in most fits, and in every fold of them, too few rows count, shape (n_features,)."""
        return np.asarray(self._stacked("few_rows").all(0).mean(0) > 0.5)

    @cached_property
    def se_of_one_fit(self) -> NDArray[np.float64]:
        """Standard error of each importance that speaks of one model alone: that of the first fit."""
        shares = self.design.weights
        return np.asarray(np.sqrt(shares**2 @ self._stacked("se")[:, 0] ** 2))

    @cached_property
    def spreads(self) -> tuple[Spread, ...]:
        """What the variance of each feature's mean importance over fits is made of."""
        places = range(len(self.importances))
        if self.design.splits.resampled:
            return tuple(map(self._drawn_anew, places))
        if all("blocks" in outcome.weights for fold in self.folds for outcome in fold):
            # of shape (blocks, fits, features)
            tables = [
                np.array([outcome.weights["blocks"] for outcome in fold], dtype=float).transpose(1, 0, 2)
                for fold in self.folds
            ]
            shares = self.design.weights.tolist()
            return tuple(rows_by_fits([table[:, :, place] for table in tables], shares) for place in places)
        return tuple(map(self._rows_and_fits_apart, places))

    def _drawn_anew(self, place: int) -> Spread:
        """Random splits: rows that test one fit train the others, and noise in them moves importances both ways.

        A row that moves a test by psi / n_test moves a training by phi / n_train, and the mean over many splits by
        (psi + phi) / n. Splits differ by psi - phi n_test / n_train alone, from which Nadeau and Bengio's factor would
        tell the rest: too little where phi goes with psi, as in least squares. There phi is the noise in psi, so that
        twice the standard error of psi is enough.
        """
        values, design = self.importances[place], self.design
        spread = resampled(values, design.splits.ratio, design.n_test)
        variances = self._stacked("se")[0, :, place] ** 2
        rows = TWICE**2 * float(variances.mean()) * design.n_test / len(design.frame)
        if not spread.known or not rows > spread.rows:
            return spread
        doubt = rows**2 / (design.n_test - 1) + spread.fits**2 / (len(values) - 1)
        df = max(1.0, (rows + spread.fits) ** 2 / doubt)
        return Spread("rows x fits", rows, spread.fits, 0.0, len(values), design.n_test, df)

    def _rows_and_fits_apart(self, place: int) -> Spread:
        """Where rows cannot be told from fits: all of the variance of one model as that of rows, and that of fits."""
        values = self.importances[place]
        n_fits = len(values)
        variances = (self._stacked("se")[:, :, place] ** 2).mean(1)
        rows = float((self.design.weights**2 * variances).sum())
        if n_fits < 2 or not np.isfinite(rows):
            return Spread("unknown", n_fits=n_fits)
        fits = float(values.var(ddof=1)) / n_fits
        return Spread("rows x fits", rows, fits, 0.0, n_fits, 0, n_fits - 1.0)

    def _stacked(self, name: str) -> NDArray[np.float64]:
        """One array of all models, of shape (n_folds, n_fits, n_features)."""
        return np.array([[outcome.weights[name] for outcome in fold] for fold in self.folds], dtype=float)
