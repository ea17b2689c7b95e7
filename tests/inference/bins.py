"""Swaps inside bins that the tests of inference share: donors, changes, and the variance as its formula reads."""

from __future__ import annotations

import numpy as np


def in_bins(labels, n_repeats, seed=0):
    """Donors that stay in their bin, by cyclic shifts: shape (n_repeats, n_rows)."""
    rng = np.random.default_rng(seed)
    give = np.empty((n_repeats, len(labels)), dtype=np.int64)
    for label in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == label))
        for r, shift in enumerate(1 + rng.permutation(len(rows) - 1)[:n_repeats]):
            give[r, rows] = np.roll(rows, shift)
    return give


def case(n_rows=90, n_repeats=3, n_units=2, sizes=30, seed=0):
    """Changes, donors and bins of units in a linear model, its squared errors, and allowances."""
    rng = np.random.default_rng(seed)
    error = rng.normal(size=n_rows)
    changes, gives, labels, allowed = [], [], [], []
    for unit in range(n_units):
        x = rng.normal(size=n_rows)
        label = rng.permutation(np.arange(n_rows) // sizes)
        give = in_bins(label, n_repeats, seed + unit)
        move = (1 + unit) * (x - x[give]) + label[None]
        changes.append((error + move) ** 2 - error**2)
        allowed.append(move**2)
        gives.append(give)
        labels.append(label)
    return tuple(np.array(part) for part in (changes, gives, labels, error**2, allowed))


def variance_by_definition(change, give, labels):
    """The variance of a mean over bins written as its formula reads, psi, and the mean; change (n_repeats, n_rows)."""
    n_repeats, n = change.shape
    given = np.empty_like(change)
    for d, g, k in zip(change, given, give, strict=True):
        g[k] = d
    theta, psi = change.mean(), np.empty(n)
    within = shuffle = noise = spread = 0.0
    bins = np.unique(labels)
    for label in bins:
        here = labels == label
        m, d, g = here.sum(), change[:, here], given[:, here]
        f = m / (m - (3 if n_repeats == 1 else 4))
        a, b = d.mean(0), g.mean(0)
        total, c = d.var(ddof=1), np.cov(a, b)[0, 1]
        v1, v2 = (total - (x.var(0, ddof=1).mean() if n_repeats > 1 else 0) for x in (d, g))
        ve = total - v1 - v2 if n_repeats > 1 else 0.0
        w = v1 + v2 + 2 * c if n_repeats > 1 else total + 2 * c
        within, shuffle = within + m / n * f * w, shuffle + m / n * f * ve / n_repeats
        noise += f * (w + ve / n_repeats) / n
        spread += m / n * (d.mean() - theta) ** 2
        psi[here] = (m - 1) / (m - 2) * (a + b - 2 * d.mean()) + d.mean() - theta
    between = max(0.0, len(bins) / (len(bins) - 1) * spread - noise) if len(bins) > 1 else 0.0
    floor = 0.25 * psi.var(ddof=1) if n_repeats >= 5 else 0.0
    return max(max(0.0, within) + max(0.0, shuffle) + between, floor) / n, psi, theta
