"""What may be claimed of many features at once: one rule for colour, bold, sentence, verdict and headline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weighin._inference.intervals import Inference, holm


@dataclass(frozen=True, eq=False)
class Claims:
    """What is claimed of each feature.

    Of twenty sets of features that weigh nothing at most one has a false "heavier" at 95%, and one a false "harmful".

    Attributes
    ----------
    heavier : ndarray of bool of shape (n_features,)
        The model gets worse without it: one-sided p-value, adjusted among all features (Holm 1979).
    harmful : ndarray of bool of shape (n_features,)
        The model gets better without it: two-sided p-value, adjusted likewise.
    few_rows : ndarray of bool of shape (n_features,)
        Too few rows count to claim anything.
    adjusted : ndarray of shape (n_features,)
        One-sided p-values adjusted.
    """

    heavier: NDArray[np.bool_]
    harmful: NDArray[np.bool_]
    few_rows: NDArray[np.bool_]
    adjusted: NDArray[np.float64]

    @property
    def any(self) -> NDArray[np.bool_]:
        """Whether anything is claimed of each feature."""
        return self.heavier | self.harmful


def claims(inference: Inference, confidence_level: float = 0.95) -> Claims:
    """Decide what may be claimed.

    Parameters
    ----------
    inference : Inference
        Of all features that are looked at together.
    confidence_level : float
        Adjusted p-values below 1 minus this are claims.

    Examples
    --------
    A p-value of .01 is a claim alone, and none among twenty features.
    """
    pvalue, most = inference.pvalue, 1 - confidence_level
    few = np.asarray(inference.few_rows) == 1
    adjusted = holm(pvalue)
    with np.errstate(invalid="ignore"):
        two_sided = holm(np.minimum(1.0, 2 * np.minimum(pvalue, 1 - pvalue)))
        heavier = (adjusted < most) & (inference.estimate > 0) & ~few
        harmful = (two_sided < most) & (inference.estimate < 0) & ~few
    return Claims(heavier, harmful, few, adjusted)
