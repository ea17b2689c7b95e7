"""How sure one can be of the difference between two importances of one feature.

On the same rows with the same shuffles, what the two models lose is compared pair by pair: what moves both alike
cancels before anything is summed up, and leaves exactly nothing. Apart, variances add.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weighin._inference.estimates import difference
from weighin._inference.intervals import Allowing, Inference, joined
from weighin._inference.links import IDENTITY, Function, Means
from weighin._inference.moments import Moments

Floats = NDArray[np.float64]
# features with joint moments: the work grows with the square of twice as many
TOGETHER = 12


# of losses beyond all bounds, as in `Moments.of`
@np.errstate(over="ignore", invalid="ignore")
def paired(
    changes: tuple[ArrayLike, ArrayLike],
    donors: ArrayLike,
    rows: tuple[ArrayLike, ArrayLike],
    *,
    block: ArrayLike | None = None,
    stratum: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    function: Function = IDENTITY.change,
    sign: float = 1.0,
) -> Inference:
    """Estimate how much more the second model relies on each feature, from the changes of both on the same swaps.

    `changes`, tuple of two arrays of shape (n_units, n_repeats, n_rows): Loss after each swap minus loss before it, of
        the first and of the second model.
    `donors`, array of int of shape (n_repeats, n_rows): Row whose values each row received, the same for both.
    `rows`, tuple of two arrays of shape (n_rows,) or (n, n_rows): Row components of either model; the first is its loss
        before any swap.
    `block`, `stratum`, array of shape (n_rows,), optional: Rows only exchanged values inside their block, which lies
        inside a stratum.
    `weights`, array of shape (n_rows,), optional: Sample weights: a pair weighs as its receiver times its donor.
    `function`: What is reported of the means, as for `weighin._inference.infer`.
    `sign`: -1 where the metric grows with quality.

    Returns Arrays of shape (n_units,).
    """
    first, second = (np.asarray(values) for values in changes)
    own, other = (np.atleast_2d(np.asarray(values, dtype=float)) for values in rows)
    weight = None if weights is None else np.asarray(weights, dtype=float)
    before, give = np.concatenate([own, other - own]), np.asarray(donors)
    all_in_one = np.zeros(give.shape[1], dtype=np.int64)
    blocks = list(
        closed_blocks(
            all_in_one if block is None else np.asarray(block),
            all_in_one if stratum is None else np.asarray(stratum),
            give,
        )
    )
    inferences = []
    for start in range(0, len(first), TOGETHER):
        batch = slice(start, start + TOGETHER)
        moments_of: dict[int, Moments] = {}
        for stratum_label, members, local_donors in blocks:
            both = np.concatenate([first[batch][..., members], second[batch][..., members]], dtype=np.float64)
            moved, n = both != 0, len(both) // 2
            both[n:] -= both[:n]
            moments = Moments.of(
                both,
                local_donors,
                before[:, members],
                weights=None if weight is None else weight[members],
                moved=moved,
            )
            if stratum_label in moments_of:
                moments = moments_of[stratum_label] + moments
            moments_of[stratum_label] = moments
        n = len(first[batch])
        both_of, strata = of_two(function, len(own)), list(moments_of.values())
        inferences += [difference(strata, n + unit, unit, both_of, sign=sign) for unit in range(n)]
    return joined(inferences)


def closed_blocks(
    block: NDArray[np.integer], stratum: NDArray[np.integer], give: NDArray[np.integer]
) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.int64]]]:
    """Stratum, rows and donors, by their places among these rows, of each block."""
    order = np.lexsort((block, stratum))
    starts = np.flatnonzero(np.diff(block[order], prepend=-1) | np.diff(stratum[order], prepend=-1))
    for members in np.split(order, starts)[1:]:
        yield int(stratum[members[0]]), members, np.searchsorted(members, give[..., members])


def of_two(function: Function, n_rows: int) -> Function:
    """The same function of the means of either model, where those of the second are given less those of the first.

    Unit n + i is what the second model has for unit i. Derivatives are laid out for the difference of the two, in
    which the first one's mean counts by the difference of both slopes.
    """

    def both(means: Means) -> tuple[Floats, Floats, Floats]:
        n = len(means.change) // 2
        change, rows = means.change[:n], means.rows[:n_rows]
        value, slope, by_rows = function(Means(change, rows))
        other, other_slope, other_by_rows = function(
            Means(change + means.change[n:], rows + means.rows[n_rows:])
        )
        return (
            np.concatenate([value, other]),
            np.concatenate([slope - other_slope, other_slope]),
            np.block([[by_rows, np.zeros_like(by_rows)], [other_by_rows, other_by_rows]]),
        )

    return both


def independent(first: Inference, second: Inference) -> Inference:
    """Estimate second minus first where nothing joins them: variances and third cumulants add, Satterthwaite's df.

    What either allows for is allowed for in one end.
    """
    plain = _independent(first, second)
    if not any(isinstance(part, Allowing) for part in (first, second)):
        return plain
    below, above = _independent(first, second.ends[0]), _independent(first.ends[0], second)
    tested = ~(np.isnan(first.pvalue) | np.isnan(second.pvalue))
    return Allowing(**vars(plain), below=below, above=above, tested=tested)


def _independent(first: Inference, second: Inference) -> Inference:
    a, b = first.se**2, second.se**2
    variance = a + b
    with np.errstate(all="ignore"):
        third = second.skewness * b**1.5 - first.skewness * a**1.5
        skewness = np.nan_to_num(third / variance**1.5, posinf=0.0, neginf=0.0)
        df = variance**2 / (a**2 / first.df + b**2 / second.df)
    return Inference(
        estimate=second.estimate - first.estimate,
        se=np.sqrt(variance),
        se_data=np.sqrt(first.se_data**2 + second.se_data**2),
        se_shuffle=np.sqrt(first.se_shuffle**2 + second.se_shuffle**2),
        skewness=skewness,
        df=np.where(np.isfinite(df), np.maximum(df, 1.0), 3.0),
        few_rows=(first.few_rows & (a > 0))
        | (second.few_rows & (b > 0))
        | (first.few_rows & second.few_rows),
    )
