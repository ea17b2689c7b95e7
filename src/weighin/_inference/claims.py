"""What may be claimed of many features at once: one rule for colour, bold, sentence, verdict and headline."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weighin._base.checks import check_level
from weighin._inference.intervals import Allowing, Inference, holm


@dataclass(frozen=True, eq=False)
class Claims:
    """What is claimed of each feature.

    Of twenty sets of features that weigh nothing at most one has a false "heavier" at 95%, and one a false "harmful".

    `heavier`, ndarray of bool of shape (n_features,): The model gets worse without it: one-sided p-value, adjusted
        among all features (Holm 1979).
    `harmful`, ndarray of bool of shape (n_features,): The model gets better without it: two-sided p-value, adjusted
        likewise.
    `few_rows`, ndarray of bool of shape (n_features,): Too few rows count to claim anything.
    `adjusted`, ndarray of shape (n_features,): Adjusted p-values, one-sided; of harm, where it is claimed, two-sided.
    """

    heavier: NDArray[np.bool_]
    harmful: NDArray[np.bool_]
    few_rows: NDArray[np.bool_]
    adjusted: NDArray[np.float64]

    @property
    def any(self) -> NDArray[np.bool_]:
        """Whether anything is claimed of each feature."""
        return self.heavier | self.harmful

    @property
    def words(self) -> NDArray[np.str_]:
        """The claim about each feature: "heavier", "harmful", or "" for none."""
        return np.where(self.heavier, "heavier", np.where(self.harmful, "harmful", ""))


def claims(inference: Inference, confidence_level: float = 0.95) -> Claims:
    """Decide what may be claimed.

    `inference`: of all features that are looked at together. `confidence_level`: adjusted p-values below 1 minus this
    are claims.

    Examples
    --------
    A p-value of .01 is a claim alone, and none among twenty features.
    """
    few = np.asarray(inference.few_rows) == 1
    reverse = inference.turned().pvalue if isinstance(inference, Allowing) else None
    return claims_of(inference.estimate, inference.pvalue, few, confidence_level, reverse=reverse)


def claims_of(
    estimate: NDArray[np.float64],
    pvalue: NDArray[np.float64],
    few_rows: NDArray[np.bool_],
    confidence_level: float = 0.95,
    *,
    reverse: NDArray[np.float64] | None = None,
) -> Claims:
    """Decide likewise of estimates that no moments are known of.

    `estimate`, `pvalue`, ndarray of shape (n_features,): Importances, and their one-sided p-values of "not above 0".
    `few_rows`, ndarray of bool of shape (n_features,): Features that too few rows count for.
    `confidence_level`: Adjusted p-values below 1 minus this are claims.
    `reverse`, ndarray of shape (n_features,), optional: P-values of "not below 0", where not 1 minus the others.
    """
    adjusted = holm(pvalue)
    # what the model cannot see is 0 with a p-value of 1, which is no claim of harm either
    either_side = np.where(
        estimate == 0, 1.0, 2 * np.minimum(pvalue, 1 - pvalue if reverse is None else reverse)
    )
    two_sided = holm(np.minimum(1.0, either_side))
    with np.errstate(invalid="ignore"):
        heavier = is_claimed(adjusted, few_rows, confidence_level) & (estimate > 0)
        harmful = is_claimed(two_sided, few_rows, confidence_level) & (estimate < 0)
    return Claims(heavier, harmful, few_rows, np.where(harmful, two_sided, adjusted))


def is_claimed(
    adjusted: NDArray[np.float64], few_rows: NDArray[np.bool_] | bool, confidence_level: float = 0.95
) -> NDArray[np.bool_]:
    """Decide from p-values that are adjusted already; of what has none nothing is claimed.

    `adjusted`, ndarray of shape (n,): By Holm, among all that is looked at together; two-sided for differences and for
        harm.
    `few_rows`, bool or ndarray of bool of shape (n,): Where too few rows count.
    `confidence_level`: p-values below 1 minus this are claims.

    Raises InputError: if `confidence_level` is not between 0 and 1.
    """
    check_level(confidence_level)
    with np.errstate(invalid="ignore"):
        return np.asarray((adjusted < 1 - confidence_level) & ~np.asarray(few_rows))
