"""Compare two results: check that they speak of the same thing, pair them where that can be, judge."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighin._base.errors import InputError, listing, nearest
from weighin._base.versions import provenance
from weighin._compare.notes import notes_of
from weighin._compare.pairing import pairing
from weighin._inference import Allowing, joined, unknown
from weighin._results.comparison import Comparison
from weighin._results.importance import Importance
from weighin._results.importance_sentences import which_rows
from weighin._results.shares import Shares


def compare(
    a: Importance | Shares,
    b: Importance | Shares,
    *,
    metric: str | None = None,
    labels: Sequence[str] = ("a", "b"),
) -> Comparison:
    """Tell what weighs more, or less, in one result than in another: two models, two seasons, before and after.

    Parameters
    ----------
    a, b : Importance or Shares
        Two of one kind and metric. Of shares the contributions are compared, as if of other rows. Importances weighed
        on the same rows with the same shuffles, with their rows kept (``weigh([model_a, model_b], X)``, or
        ``keep_rows=True`` with the same `random_state`), are compared pair by pair, and whatever moves both alike
        cancels. Rows are known again by a sum of their target. Otherwise the two are taken as independent, and the
        result says where they may not be.
    metric : str, optional
        Which one, of results with several; the first of `a` by default.
    labels : sequence of two str
        What to call them.

    Returns
    -------
    Comparison
        Differences are `b` minus `a`, with intervals.

    Raises
    ------
    InputError
        If the metrics or their directions differ, no feature is in both, or a group of one name has other members.

    Examples
    --------
    >>> import numpy as np
    >>> from weighin import Importance
    >>> before = Importance(("spread", "week"), np.array([[7.0, 8.0], [0.0, 0.1]]), 12.5, "mae", False, 730)
    >>> after = Importance(("spread", "elo"), np.array([[5.0, 6.0], [1.0, 1.2]]), 12.1, "mae", False, 748)
    >>> compare(before, after).difference.tolist()
    [-2.0, nan, nan]
    """
    both = _checked_labels(labels)
    first, second = _of_one_metric(a, b, metric)
    common = [name for name in first.features if name in second.features]
    if not common:
        raise InputError(
            f"No feature is in both results. In {both[0]}: {listing(first.features)}; in {both[1]}: "
            f"{listing(second.features)}."
        )
    _check_groups(first, second, common)
    places = [[result.features.index(name) for name in common] for result in (first, second)]
    compared = pairing(first, second, places)
    only_first = [name for name in first.features if name not in second.features]
    only_second = [name for name in second.features if name not in first.features]
    features = (*common, *only_first, *only_second)
    not_compared = unknown(np.full(len(features) - len(common), np.nan))
    inference = joined([compared.inference, not_compared])
    before, after = (_importances(result, features) for result in (first, second))
    return Comparison(
        features=features,
        labels=both,
        first=before,
        second=after,
        difference=after - before,
        se=inference.se,
        skewness=inference.skewness,
        df=inference.df,
        few_rows=inference.few_rows,
        paired=not compared.why_not,
        metric=first.metric,
        quantity="contribution" if isinstance(first, Shares) else "importance",
        greater_is_better=first.greater_is_better,
        baselines=(float(first.baseline), float(second.baseline)),
        n_rows=(int(first.n_rows), int(second.n_rows)),
        rows=(which_rows(first), which_rows(second)),
        rows_in_common=compared.rows_in_common,
        models=(first.model, second.model),
        simulated=first.simulated or second.simulated,
        given=first.given if first.given == second.given else "",
        notes=notes_of(first, second, both, compared.why_not),
        allowing=inference if isinstance(inference, Allowing) else None,
        **provenance(),
    )


def _checked_labels(labels: Sequence[str]) -> tuple[str, str]:
    pair = () if isinstance(labels, str) or not isinstance(labels, Iterable) else tuple(labels)
    if len(pair) != 2 or not all(isinstance(label, str) and label.strip() for label in pair):
        raise InputError(f"labels must be two names such as ('2020', '2021'), got {labels!r}.")
    if pair[0] == pair[1]:
        raise InputError(f"labels must differ, got {pair[0]!r} twice.")
    return pair[0], pair[1]


def _of_one_metric(a: Any, b: Any, metric: str | None) -> tuple[Any, Any]:
    for result in (a, b):
        if not isinstance(result, Importance | Shares):
            hint = " Read a file with weighin.Importance.load(path)." if isinstance(result, str) else ""
            raise InputError(
                "compare takes two results of weighin.weigh, or two of weighin.shares, got "
                f"{type(result).__name__}.{hint}"
            )
    if type(a) is not type(b):
        raise InputError(
            f"compare takes two results of one kind, got {type(a).__name__} and {type(b).__name__}: shares add up, "
            "importances do not."
        )
    wanted = a.metric if metric is None else metric
    of_metric = []
    for result in (a, b):
        if wanted not in result.metrics:
            shared = [name for name in a.metrics if name in b.metrics]
            hint = f" Both have {listing(shared)}: compare(..., metric={shared[0]!r})." if shared else ""
            raise InputError(
                f"Importances in {wanted} cannot be compared with importances in "
                f"{listing(result.metrics)}: their units "
                f"differ.{nearest(wanted, result.metrics)}{hint or ' Weigh both with the same metric=.'}"
            )
        of_metric.append(result.of(wanted, result.segment))
    first, second = of_metric
    if first.greater_is_better != second.greater_is_better:
        ways = ["more" if result.greater_is_better else "less" for result in of_metric]
        raise InputError(
            f"The metric {wanted!r} is better when it is {ways[0]} in one result and {ways[1]} in the other: they "
            "measure different things. Weigh both with the same greater_is_better=."
        )
    return first, second


def _check_groups(first: Importance, second: Importance, common: Sequence[str]) -> None:
    for name in common:
        members = [set(result.groups.get(name, ())) for result in (first, second)]
        if members[0] != members[1]:
            raise InputError(
                f"{name!r} is not the same feature or group in both results: {_members(members[0])} and "
                f"{_members(members[1])}. Weigh both with the same groups=, or call the groups differently."
            )


def _members(members: set[str]) -> str:
    return f"the group of {listing(sorted(members))}" if members else "a single feature"


def _importances(result: Importance, features: Sequence[str]) -> NDArray[np.float64]:
    by_name = dict(zip(result.features, result.importances_mean.tolist(), strict=True))
    return np.array([by_name.get(name, np.nan) for name in features], dtype=float)
