"""The much copied article's class for fastai learners."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from weighin._base.errors import InputError, ModelError, WeighinWarning, nearest
from weighin._base.optional import require
from weighin._base.progress import tracking
from weighin._display import charts as _plots
from weighin._engine import Measurement, Scores, Session
from weighin._metrics import resolve_metric
from weighin._models import type_names
from weighin._samplers import ExplicitSampler
from weighin._tables.features import Feature

if TYPE_CHECKING:
    import pandas as pd


class PermutationImportance:
    """The article's class for fastai tabular learners: same calls, same formula, without its faults.

    Computes and draws, when constructed, ``(base - shuffled) / base`` of the learner's first metric for one shuffle
    of each feature. For an error an important feature comes out NEGATIVE. `weighin.weigh` gives the number most
    people want; this class is for code that already uses the article's.

    Parameters
    ----------
    learn : fastai TabularLearner
        Left as found.
    df : data frame, optional
        Raw rows with the target; the learner's validation set by default.
    bs : int, optional
        Batch size of `dl`, and of metrics that fastai averages over batches; the learner's by default.

    Attributes
    ----------
    results : OrderedDict of str to float
        Importance of each feature, descending.
    importance : dict of str to float
        The same in the learner's order.
    base_error : float
        The metric before any shuffle.
    x_names : list of str
        Raw features: all of them, whatever their names contain.
    na : list of str
        Indicators FillMissing added; each moves together with its feature.
    y : list of str
        Target columns.
    dl : fastai DataLoader
        The encoded rows.

    Notes
    -----
    One permutation per feature is drawn with ``np.random.permutation``, so a seed set with ``np.random.seed`` gives
    the article's numbers up to rounding. Differences: features with ``_na`` in their names are kept; the indicator
    ``x_na`` is shuffled with ``x``; nothing global is used; with a base error of 0 the plain difference is given and
    a warning says so; nothing is ever shown, a notebook does that by itself.

    Examples
    --------
    >>> import pandas as pd
    >>> from fastai.tabular.all import TabularDataLoaders, mae, tabular_learner
    >>> df = pd.DataFrame({"spread": [-7.5, 3.0, 14.0, -1.5] * 8, "week": [1.0, 2.0, 3.0] * 10 + [4.0, 5.0]})
    >>> df["margin"] = df["spread"] + 1.0
    >>> dls = TabularDataLoaders.from_df(df, cont_names=["spread", "week"], y_names="margin", bs=8)
    >>> weights = PermutationImportance(tabular_learner(dls, metrics=mae), df, bs=64)
    >>> sorted(weights.results)
    ['spread', 'week']
    """

    def __init__(self, learn: Any, df: Any = None, bs: int | None = None) -> None:
        if "fastai.Learner" not in type_names(learn):
            got = f"the class {learn.__name__}" if isinstance(learn, type) else type(learn).__name__
            raise ModelError(f"PermutationImportance takes a fastai TabularLearner, got {got}.")
        from weighin._models.fastai import FastaiModel

        if bs is not None and (isinstance(bs, bool) or not isinstance(bs, int | np.integer) or bs < 1):
            raise InputError(f"bs must be an integer >= 1 or None, got {bs!r}.")
        self.learn, self.df = learn, df
        self._model = FastaiModel(learn)
        self.dl, *_ = self._model.loader(df, bs=bs if df is None else bs or learn.dls.bs)
        self._data = self._model.read(self.dl)
        # as `learn.validate` computes it, batch by batch: not row by row, so without a target to look at
        context = self._model.metric_context(replace(self._data, target=None), self.dl.bs)
        # the direction plays no part in the article's formula
        self._metric = resolve_metric(None, False, context)
        self._features = {feature.name: feature for feature in self._model.features}
        self.x_names = list(self._features)
        self.na = [name for name in learn.dls.train_ds.x_names if name not in self._features]
        self.y = list(learn.dls.y_names)
        self.results = self.calc_feat_importance()
        self.plot_importance(self.ord_dic_to_df(self.results))

    def measure_col(self, name: str) -> float:
        """Give the metric after one shuffle of a feature (and its missing indicator), drawn from numpy's generator.

        Parameters
        ----------
        name : str
            One of `x_names`.

        Returns
        -------
        float

        Raises
        ------
        InputError
            On an unknown name.
        """
        if name not in self._features:
            raise InputError(
                f"Unknown feature {name!r}.{nearest(name, self._features)} Features: {self.x_names}."
            )
        permutation = np.random.permutation(self._data.rows.n_rows)
        scores = self._run([self._features[name]], permutation)
        return scores.baseline + float(scores.change[0, 0])

    def calc_feat_importance(self) -> OrderedDict[str, float]:
        """Measure the base error, then every feature.

        Returns
        -------
        OrderedDict of str to float
            The relative changes, descending.
        """
        self.base_error = self._run([], np.arange(self._data.rows.n_rows)).baseline
        scale = self.base_error
        if scale == 0:
            warnings.warn(
                f"The base {self._metric.name} is 0, so relative changes are not defined; plain "
                "differences, base - shuffled, are returned.",
                WeighinWarning,
                stacklevel=2,
            )
            scale = 1.0
        self.importance: dict[str, float] = {}
        with tracking("Shuffling", len(self.x_names), None) as advance:
            for name in self.x_names:
                self.importance[name] = (self.base_error - self.measure_col(name)) / scale
                advance(1)
        return OrderedDict(sorted(self.importance.items(), key=lambda item: item[1], reverse=True))

    def ord_dic_to_df(self, results: OrderedDict[str, float]) -> pd.DataFrame:
        """Give results as a frame.

        Parameters
        ----------
        results : OrderedDict of str to float
            As `calc_feat_importance` gives them.

        Returns
        -------
        pandas.DataFrame
            Columns feature and importance, in the order of `results`.
        """
        pd = require("pandas", "fastai", "give a data frame")
        return pd.DataFrame(list(results.items()), columns=["feature", "importance"])

    def plot_importance(
        self, df: pd.DataFrame, limit: int = 20, asc: bool = False, absolute: bool = False, **kwargs: Any
    ) -> Any:
        """Draw the article's horizontal bars.

        Parameters
        ----------
        df : pandas.DataFrame
            Columns feature and importance.
        limit : int
            At most so many bars.
        asc : bool
            Smallest first.
        absolute : bool
            Order, and cut, by absolute value.
        **kwargs
            To ``DataFrame.plot.barh``.

        Returns
        -------
        matplotlib Axes
        """
        return _plots.article_bars(df, limit=limit, asc=asc, absolute=absolute, **kwargs)

    def _run(self, features: list[Feature], permutation: Any) -> Scores:
        sampler = ExplicitSampler(permutation[None])
        with Session(self._model) as session:
            return session.measure(self._data, features, sampler, Measurement((self._metric,)))
