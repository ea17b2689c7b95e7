"""The alternatives, each used as well as we know how.

Every contender is a function ``run(job, columns, n_repeats, setting)`` that returns the importances, shape
(columns, n_repeats): mean squared error after the shuffle minus before. All use ``job.permutations``.
What is timed is the same for all: encoded rows and a model that is ready go in, importances come out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import product
from typing import Any

import joblib
import numpy as np
import torch
from sklearn.inspection import _permutation_importance as sklearn_importance
from threadpoolctl import ThreadpoolController

from benchmarks import ours
from benchmarks.workloads import Job, predict

Setting = dict[str, Any]
CORES = torch.get_num_threads()


@dataclass(frozen=True)
class Contender:
    """A way to the importances, and the settings it may choose the best of."""

    name: str
    run: Callable[[Job, Sequence[int], int, Setting], np.ndarray]
    settings: Callable[[Job], list[Setting]]
    suits: Callable[[Job], bool] = lambda job: True
    units: Callable[[Job, int, int], int] = lambda job, columns, n_repeats: columns * n_repeats + 1
    limit: tuple[int, int] | None = None  # at most (columns, repeats) timed where a job would take minutes


@contextmanager
def torch_threads(number: int) -> Iterator[None]:
    """Give torch that many threads for a while."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def each(function: Callable, items: Iterable, threads: str) -> list:
    """Map: one by one with torch's own threads, or over Python threads with one torch thread each."""
    if threads == "torch":
        return [function(item) for item in items]
    with torch_threads(1):
        return list(_pool().map(function, items))


@cache
def _pool() -> ThreadPoolExecutor:
    """Threads that live on; they first meet torch while it has one thread, and keep to that."""
    return ThreadPoolExecutor(CORES)


def _forward(job: Job, x_cat: torch.Tensor, x_cont: torch.Tensor, setting: Setting) -> torch.Tensor:
    """All predictions by chunks: the forward that the frameworks below are given."""
    chunk = setting["chunk"]
    if setting["threads"] != "python":
        return predict(job.model, x_cat, x_cont, chunk)
    if len(x_cont) <= chunk:
        with torch_threads(1):
            return predict(job.model, x_cat, x_cont, chunk)
    pairs = list(zip(x_cat.split(chunk), x_cont.split(chunk), strict=True))
    return torch.cat(each(lambda pair: predict(job.model, *pair, chunk), pairs, "python"))


def _chunk_settings(job: Job, **more: Sequence) -> list[Setting]:
    """All combinations of a chunk size, a way to use threads, and what else a contender can choose."""
    rows = len(job.X)
    sizes = [c for c in job.chunks if c < rows] + [c for c in job.chunks if c >= rows][:1]
    options = {"chunk": sizes, **more}
    return [dict(zip(options, values, strict=True)) for values in product(*options.values())]


# -- the article ------------------------------------------------------------------------------------


def article(job: Job, columns: Sequence[int], n_repeats: int, setting: Setting) -> np.ndarray:
    """Shuffle a column of the data loader's items, let the learner validate, put the column back."""
    with torch_threads(setting["threads"]):
        return _validate_each(job, _loader(job), columns, n_repeats)


def article_from_frame(job: Job, columns: Sequence[int], n_repeats: int, setting: Setting) -> np.ndarray:
    """The same, from the raw rows."""
    with torch_threads(setting["threads"]):
        return _validate_each(job, _loader.__wrapped__(job), columns, n_repeats)


@lru_cache(maxsize=2)
def _loader(job: Job) -> Any:
    return job.learn.dls.test_dl(job.frame, bs=64)


def _validate_each(job: Job, dl: Any, columns: Sequence[int], n_repeats: int) -> np.ndarray:
    names = [*dl.cat_names, *dl.cont_names]
    importances = np.empty((len(columns), n_repeats))
    with job.learn.no_bar(), job.learn.no_logging():
        baseline = job.learn.validate(dl=dl)[1]
        for i, column in enumerate(columns):
            own = dl.items[names[column]].to_numpy(copy=True)
            for repeat in range(n_repeats):
                dl.items[names[column]] = own[job.permutations[repeat]]
                importances[i, repeat] = job.learn.validate(dl=dl)[1] - baseline
            dl.items[names[column]] = own
    return importances


# -- scikit-learn -----------------------------------------------------------------------------------


class Wrapper:
    """A network as an estimator: predict is a chunked forward without gradients."""

    def __init__(self, job: Job, setting: Setting):
        self.job, self.setting = job, setting

    def fit(self, X: np.ndarray, y: np.ndarray) -> Wrapper:
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        if not self.job.is_torch:
            return _estimate(self.job, X, self.setting)
        matrix, c = torch.from_numpy(X), self.job.n_cat
        return _forward(self.job, matrix[:, :c].long(), matrix[:, c:], self.setting).numpy()


def _negative_mse(estimator: Any, X: np.ndarray, y: np.ndarray) -> float:
    """scikit-learn's neg_mean_squared_error without its validation of the arrays."""
    error = estimator.predict(X) - y
    return -float(np.mean(error * error, dtype=np.float64))


def scikit_learn(job: Job, columns: Sequence[int], n_repeats: int, setting: Setting) -> np.ndarray:
    """permutation_importance around the wrapper; for some columns only, its own worker on just those."""
    model = Wrapper(job, setting)
    parallel = setting["threads"] == "features"
    with joblib.parallel_config(backend="threading"), torch_threads(1 if parallel else CORES):
        jobs = CORES if parallel else 1
        if len(columns) == job.n_columns:
            found = sklearn_importance.permutation_importance(
                model, job.X, job.y, scoring=_negative_mse, n_repeats=n_repeats, random_state=0, n_jobs=jobs
            )
            return found.importances
        seed = np.random.RandomState(0).randint(np.iinfo(np.int32).max + 1)
        worker = joblib.delayed(sklearn_importance._calculate_permutation_scores)
        baseline = _negative_mse(model, job.X, job.y)
        scores = joblib.Parallel(n_jobs=jobs)(
            worker(model, job.X, job.y, None, c, seed, n_repeats, _negative_mse, len(job.X)) for c in columns
        )
        return baseline - np.array(scores)


# -- captum -----------------------------------------------------------------------------------------


def captum(job: Job, columns: Sequence[int], n_repeats: int, setting: Setting) -> np.ndarray:
    """FeaturePermutation, once per shuffle, its permutation replaced by the common one.

    `perturbations` > 1 lets it put several features into one call; then it wants a loss per row.
    """
    from captum.attr import FeaturePermutation

    donors = torch.empty(0)
    rows_wanted = setting["perturbations"] > 1

    def loss(*tensors: torch.Tensor) -> torch.Tensor:
        *inputs, y = tensors
        x_cat, x_cont = inputs if len(inputs) == 2 else (job.x_cat, inputs[0])
        error = (_forward(job, x_cat, x_cont, setting) - y) ** 2
        return error if rows_wanted else error.double().mean().reshape(1)

    def swap(x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        out = x.clone()
        for column in mask.reshape(-1).nonzero()[:, 0].tolist():
            out[:, column] = x[:, column][donors]
        return out

    inputs = (job.x_cat, job.x_cont) if job.n_cat else (job.x_cont,)
    # Each wanted column is a feature; all others move together as one feature more.
    mask = torch.full((1, job.n_columns), len(columns))
    mask[0, list(columns)] = torch.arange(len(columns))
    masks = (mask[:, : job.n_cat], mask[:, job.n_cat :]) if job.n_cat else (mask,)
    explainer = FeaturePermutation(loss, swap)
    importances = np.empty((len(columns), n_repeats))
    with torch.inference_mode():
        for repeat in range(n_repeats):
            donors = torch.from_numpy(job.permutations[repeat])
            found = explainer.attribute(
                inputs,
                additional_forward_args=(torch.from_numpy(job.y),),
                feature_mask=masks,
                perturbations_per_eval=setting["perturbations"],
            )
            change = torch.cat([part.mean(dim=0, dtype=torch.float64) for part in found])
            importances[:, repeat] = -change[list(columns)].numpy()
    return importances


# -- a plain loop -----------------------------------------------------------------------------------


def plain(job: Job, columns: Sequence[int], n_repeats: int, setting: Setting) -> np.ndarray:
    """The loop a good programmer writes: chunks of rows, the column replaced in place, threads."""
    if not job.is_torch:
        return _plain_estimator(job, columns, n_repeats, setting)
    rows, c = len(job.X), job.n_cat
    y, donors = torch.from_numpy(job.y), torch.from_numpy(job.permutations[:n_repeats])
    step = max(1, setting["chunk"] // n_repeats) if setting["stacked"] else setting["chunk"]
    starts = range(0, rows, step)
    values = {j: (job.x_cat[:, j] if j < c else job.x_cont[:, j - c]).contiguous() for j in columns}

    def summed(x_cat: torch.Tensor, x_cont: torch.Tensor, target: torch.Tensor) -> np.ndarray:
        error = job.model(x_cat, x_cont).reshape(-1, len(target)) - target
        return (error * error).sum(dim=1, dtype=torch.float64).numpy()

    @torch.inference_mode()
    def task(which: tuple[int | None, int]) -> np.ndarray:
        column, start = which
        here = slice(start, min(start + step, rows))
        x_cat, x_cont, target = job.x_cat[here], job.x_cont[here], y[here]
        if column is None:
            return summed(x_cat, x_cont, target)
        given = values[column][donors[:, here]]
        if setting["stacked"]:
            x_cat, x_cont = x_cat.repeat(n_repeats, 1), x_cont.repeat(n_repeats, 1)
            given = given.reshape(1, -1)
        elif column < c:
            x_cat = x_cat.clone()
        else:
            x_cont = x_cont.clone()
        swapped = x_cat[:, column] if column < c else x_cont[:, column - c]
        losses = []
        for one in given:
            swapped.copy_(one)
            losses.append(summed(x_cat, x_cont, target))
        return np.concatenate(losses)

    tasks = [(column, start) for start in starts for column in [None, *columns]]
    sums = each(task, tasks, setting["threads"])
    width = len(columns) + 1
    baseline = sum(sums[0::width])[0] / rows
    return np.array([sum(sums[i::width]) / rows for i in range(1, width)]) - baseline


def _plain_estimator(job: Job, columns: Sequence[int], n_repeats: int, setting: Setting) -> np.ndarray:
    """The same around an estimator: one call per column with all shuffles stacked, or one per shuffle."""
    copies = n_repeats if setting["stacked"] else 1
    tiled, y = np.tile(job.X, (copies, 1)), job.y
    baseline = np.mean((job.model.predict(job.X) - y) ** 2)

    def task(column: int) -> np.ndarray:
        X, losses = tiled.copy(), []
        for first in range(0, n_repeats, copies):
            X[:, column] = job.X[job.permutations[first : first + copies], column].reshape(-1)
            error = (_estimate(job, X, setting).reshape(copies, -1) - y) ** 2
            losses.append(error.mean(axis=1))
        return np.concatenate(losses)

    return np.array(each(task, columns, setting["threads"])) - baseline


def _estimate(job: Job, X: np.ndarray, setting: Setting) -> np.ndarray:
    """An estimator's predictions: with all of its OpenMP threads, or with one where Python has several."""
    if setting["threads"] == "torch":
        return job.model.predict(X)
    with _openmp().limit(limits=1, user_api="openmp"):
        return job.model.predict(X)


@cache
def _openmp() -> ThreadpoolController:
    return ThreadpoolController()


# -- all of them ------------------------------------------------------------------------------------


def _article_settings(job: Job) -> list[Setting]:
    _loader(job)
    return [{"threads": threads} for threads in (1, CORES)]


def _sklearn_settings(job: Job) -> list[Setting]:
    ways = ["torch", "features", "python"]
    return _chunk_settings(job, threads=ways) if job.is_torch else [{"threads": way} for way in ways[:2]]


def _captum_settings(job: Job) -> list[Setting]:
    together = [1, job.n_columns + 1] if len(job.X) * job.n_columns <= 200_000 else [1]
    return _chunk_settings(job, threads=["torch", "python"], perturbations=together)


def _plain_settings(job: Job) -> list[Setting]:
    stacked = [False, True] if job.n_repeats > 1 else [False]
    if not job.is_torch:
        return [{"threads": way, "stacked": value} for way in ("torch", "python") for value in stacked]
    return _chunk_settings(job, threads=["torch", "python"], stacked=stacked)


def _captum_units(job: Job, columns: int, n_repeats: int) -> int:
    """One baseline per shuffle, and the columns not asked for as one more feature."""
    return n_repeats * (columns + 1 + (columns < job.n_columns))


CONTENDERS = {
    c.name: c
    for c in [
        Contender("article", article, _article_settings, lambda job: job.learn is not None, limit=(1, 1)),
        Contender("sklearn", scikit_learn, _sklearn_settings),
        Contender("captum", captum, _captum_settings, lambda job: job.is_torch, _captum_units),
        Contender("plain", plain, _plain_settings),
        Contender("weighin", ours.run, lambda job: [{}], ours.suits),
    ]
}
