"""How much of the loss that all features prevent is due to each: validate, adapt, measure, result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from weighin._base.checks import seed_of
from weighin._base.errors import InputError
from weighin._engine import Resources, Session
from weighin._engine.kernels.kernel import WHY_NO_CHAIN
from weighin._models import as_model
from weighin._models.levels import levels_of
from weighin._results.shares import Shares
from weighin._shares.sharing import Sharing
from weighin._tables.containers import as_table
from weighin._weigh import arguments
from weighin._weigh.grouping import Grouping


def shares(
    model: Any,
    X: Any = None,
    y: Any = None,
    *,
    metric: Any = None,
    greater_is_better: bool | None = None,
    outputs: str | None = None,
    classes: Sequence[Any] | None = None,
    features: Iterable[str] | None = None,
    groups: Mapping[str, Iterable[str]] | str | None = None,
    feature_names: Iterable[str] | None = None,
    within: Any = None,
    by: Any = None,
    n_repeats: int | str = "auto",
    precision: float | None = None,
    max_seconds: float | None = None,
    sample_weight: Any = None,
    random_state: int | None = None,
    missing: str = "raise",
    batch_size: int | None = None,
    device: Any = None,
    n_jobs: int | None = None,
    max_memory: int = 256,
    progress: bool | None = None,
) -> Shares:
    """Split the loss that all features prevent into parts of single features that add up.

    Parameters
    ----------
    model : fastai TabularLearner, torch module, scikit-learn estimator or function
        Trained; all that `weigh` takes. It comes back as it was.
    X : table, optional
        What the model takes, n_rows rows of it, as for `weigh`. It stays untouched. Use rows the model was not trained
        on.
    y : str or array-like of shape (n_rows,) or (n_rows, n_targets), optional
        Target, or the name of the column of `X` that is the target; by default a learner's.
    metric : str, fastai metric, scorer or callable, optional
        A mean over rows: "mse", "mae", "log_loss", "accuracy", "prediction_change" and others; by default that of
        `weigh`. Of "rmse" and "r2" the mean squared error is shared out, which the notes say: a root of a mean does not
        add up. Metrics of all rows at once (areas under curves, F1, medians) have no shares.
    greater_is_better : bool, optional
        Direction of a metric weighin does not know; never guessed.
    outputs : str, optional
        What the model's outputs mean, as for `weigh`.
    classes : sequence, optional
        Labels of the classes, for a model that does not know them.
    features : iterable of str, optional
        Which take part; all by default. The others keep their own values, and the total is what these prevent.
    groups : mapping of str to iterable of str, or "auto", optional
        Each group takes the place of its members and has one share. "auto" makes groups of the columns of `X` that
        carry much the same information, as `weighin.associations` finds them.
    feature_names : iterable of str, optional
        What to call the columns of a matrix.
    within : str or array-like of shape (n_rows,), optional
        Strata, by the name of a column of `X` or as values: rows get values of rows of their own stratum only.
    by : str or array-like of shape (n_rows,), optional
        Segments to tell apart, likewise: the result has shares for each, too. Donors come from all rows.
    n_repeats : "auto" or int
        Other rows whose values each row gets. "auto" takes 5 to 50, as many as it takes to make the noise of choosing
        them at most a tenth of the variance of every contribution.
    precision : float, optional
        Instead of `n_repeats`: stop when the standard error of every contribution is at most so many parts of the
        largest, 0.02 for 2%. Rows are drawn before they are encoded, and each gets the values of one other row; of
        fewer than 8,192 rows all are taken.
    max_seconds : float, optional
        Stop about then, on some of the rows, and say so.
    sample_weight : str or array-like of shape (n_rows,), optional
        Weights of the rows, >= 0. A pair of rows weighs as its receiver times its donor.
    random_state : int, optional
        Seed, >= 0. Drawn and recorded when not given.
    missing : {"raise", "drop", "mean"}
        What to do with missing values in columns where training had none.
    batch_size : int, optional
        Rows of one forward pass; does not change the numbers beyond rounding.
    device : str or torch.device, optional
        Where to predict; where the model is by default.
    n_jobs : int, optional
        Threads, as for `weigh`. Does not change the numbers.
    max_memory : int
        Megabytes to hold at once beside the encoded table, about; a block of 4,096 rows has to fit in.
    progress : bool, optional
        Show a progress bar; by default where somebody can see it.

    Returns
    -------
    Shares
        Contributions of features, their total, and shares in it, all with intervals.

    Raises
    ------
    InputError
        On arguments or a table that cannot be used, or a feature in two groups; nothing was changed.
    ModelError
        If weighin cannot read the model, or its predictions are not finite or depend on the rows they are made with.
    MetricError
        If the metric is unknown, its direction is, or it is no mean over rows.
    Interrupted
        On Ctrl-C, with the rows finished so far in ``.result``.

    Notes
    -----
    Each row gets the values of another row, feature by feature in a random order of its own, until it is that other
    row. What the loss grows by at a feature's turn, averaged over rows, donors and orders, is its Shapley value for
    v(S) = E L(y, f(x with S from another row)) - E L(y, f(x)); they add up exactly to
    E L(y, f(another row)) - E L(y, f(x)). Every second repeat takes the orders of the one before backwards. It costs
    as many predictions as importances with the same number of shuffles. Intervals are those of importances (two-way,
    over receivers and donors); those of shares take into account what the total errs.

    Values are swapped between rows whatever the other features say, so that correlated features are torn apart: two
    copies of a column that a model adds up have half of what both do together. For one share name them as a group.

    References
    ----------
    Casalicchio, Molnar, Bischl (2018), "Visualizing the Feature Importance for Black Box Models", ECML PKDD. Covert,
    Lundberg, Lee (2020), "Understanding Global Feature Contributions With Additive Importance Measures", NeurIPS 33.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(400, 3))
    >>> parts = shares(lambda rows: 3 * rows[:, 0] + rows[:, 1], X, 3 * X[:, 0] + X[:, 1], metric="mse", random_state=0)
    >>> [round(float(share), 1) for share in parts.shares]
    [0.9, 0.1, 0.0]
    >>> bool(np.isclose(parts.contributions.sum(), parts.total))
    True
    """
    arguments.check(
        n_repeats=n_repeats,
        precision=precision,
        max_seconds=max_seconds,
        random_state=random_state,
        missing=missing,
        batch_size=batch_size,
        n_jobs=n_jobs,
        max_memory=max_memory,
    )
    if isinstance(metric, list | tuple):
        raise InputError(f"Shares are parts of one metric, got {len(metric)}: call shares once for each.")
    seed = seed_of(random_state)
    if isinstance(features, Iterator):
        # it is read more than once
        features = list(features)
    adapted = as_model(model, device=device, outputs=outputs, classes=classes)
    first = model[0] if isinstance(model, list | tuple) and model else model
    table = as_table(X, y, feature_names, levels_of(first) if isinstance(X, str | Path) else None, seed)
    table, (within, by, sample_weight) = table.align(within=within, by=by, sample_weight=sample_weight)
    ask = Sharing(
        Shares, table, [metric], greater_is_better, features, Grouping(groups, seed), within, by, n_repeats,
        sample_weight, seed, missing,
        Resources(batch_size, n_jobs, int(max_memory) * 2**20, not_at_once=WHY_NO_CHAIN),
        max_seconds, False, progress,
    )  # fmt: skip
    with Session(adapted) as session:
        return ask.share(session, precision)
