"""``weighin doctor``: what is installed, what is fast here, and what is missing."""

from __future__ import annotations

import importlib
import os
import platform
import re
from collections.abc import Callable, Iterable, Iterator
from importlib import metadata
from typing import Any

import typer

import weighin
from weighin._cli.printing import say

# whose versions help whoever reads a report of a fault
_BESIDE = (
    "pandas", "polars", "pyarrow", "duckdb", "torch", "fastai", "lightning", "skorch", "keras", "jax", "xgboost",
    "xgboost-cpu", "lightgbm", "catboost", "onnxruntime", "skops", "statsmodels", "scikit-survival", "lifelines",
    "autogluon.tabular", "tabm", "tabpfn", "torchmetrics", "altair", "ipywidgets", "ray",
)  # fmt: skip
# extras for those who work on weighin itself
_INTERNAL = {"all", "dev", "bench", "docs"}
_EXTRA = re.compile(r"extra == ['\"]([\w-]+)['\"]")
# of the packages weighin needs, those whose module has another name
_MODULES = {"scikit-learn": "sklearn", "vl-convert-python": "vl_convert"}


def doctor() -> None:
    """Say what is installed, which models are weighed fast here, and what is missing: for reports of faults.

    Nothing is changed. The exit code is 1 where a package that weighin cannot do without is missing, too old or broken.

    Example: weighin doctor > doctor.txt
    """
    say(f"weighin {weighin.__version__}, Python {platform.python_version()}, {platform.platform()}")
    say(f"{os.cpu_count()} processors, {_memory()}")
    needed = _needed("")
    broken = [*filter(None, map(_trouble, needed))]
    _section("Needed", (f"{_name(one)} {_version(_name(one)) or '(missing)'}" for one in needed))
    _section("Also installed", (f"{name} {_version(name)}" for name in _BESIDE if _version(name)))
    _section("Extras", _extras())
    adapters = metadata.entry_points(group="weighin.models")
    _section("Adapters of other packages", (f"{adapter.name}: {adapter.value}" for adapter in adapters))
    if not broken:
        _section("Libraries that multiply", _multiplying())
        _section("A small model of each kind, weighed", _weighed())
    _section("To mend", broken)
    raise typer.Exit(1 if broken else 0)


def _section(title: str, lines: Iterable[str]) -> None:
    say("\n".join(["", title, *(f"  {line}" for line in [*lines] or ["none"])]))


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _name(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0]


def _requirements() -> list[str]:
    """What this package asks for; nothing where it runs from a folder, not installed."""
    return (metadata.requires("weighin") or []) if _version("weighin") else []


def _needed(extra: str) -> list[str]:
    """What this package needs, or one of its extras, extras of extras put in their place."""
    requirements: list[str] = []
    for line in _requirements():
        requirement, _, marker = line.partition(";")
        of_extra = _EXTRA.search(marker)
        if (of_extra[1] if of_extra else "") != extra:
            continue
        inner = re.match(r"weighin\[([\w,-]+)\]", requirement.strip())
        names = inner[1].split(",") if inner else ()
        requirements += [part for name in names for part in _needed(name)] or [requirement.strip()]
    return requirements


def _trouble(requirement: str) -> str:
    """What is wrong with a package that is needed, in words; nothing where all is well."""
    name = _name(requirement)
    version, least = _version(name), re.search(r">=\s*([\d.]+)", requirement)
    if not version:
        return f"{name} is missing: pip install '{requirement}'"
    if least and _numbers(version) < _numbers(least[1]):
        return f"{name} {version} is too old: pip install '{requirement}'"
    try:
        importlib.import_module(_MODULES.get(name, name.replace("-", "_")))
    # whatever a broken package raises
    except Exception as error:
        return f"{name} {version} cannot be imported ({type(error).__name__}: {error}): install it again"
    return ""


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _extras() -> Iterator[str]:
    named = {found[1] for line in _requirements() if (found := _EXTRA.search(line))}
    for extra in sorted(named - _INTERNAL):
        needed = _needed(extra)
        if lacking := [_name(part) for part in needed if not _version(_name(part))]:
            yield f"{extra}: lacks {', '.join(lacking)}: pip install 'weighin[{extra}]'"
        else:
            yield f"{extra}: {'; '.join(filter(None, map(_trouble, needed))) or 'complete'}"


def _memory() -> str:
    try:
        return f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB of memory"
    # not on Windows
    except (AttributeError, ValueError, OSError):
        return "memory unknown"


def _multiplying() -> Iterator[str]:
    from threadpoolctl import threadpool_info

    for pool in threadpool_info():
        if pool["user_api"] == "blas":
            yield (
                f"{pool['internal_api']} {pool['version']}, {pool.get('architecture', 'kernel unknown')}, "
                f"{pool['num_threads']} threads"
            )
    if _version("torch"):
        import torch

        gpus = [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())]
        gpus += ["mps"] if torch.backends.mps.is_available() else []
        yield f"torch, {torch.get_num_threads()} threads; {', '.join(gpus) or 'no GPU that torch can use'}"


def _weighed() -> Iterator[str]:
    """How swaps of small models of each kind are predicted, tried out."""
    import numpy as np

    X = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
    y = X[:, 0] + X[:, 1]
    for words, package, make in _MODELS:
        if not _version(package):
            continue
        try:
            imp = weighin.weigh(make(X, y), X, y, n_repeats=2, random_state=0, progress=False)
        # whatever a broken package raises
        except Exception as error:
            yield f"{words}: {type(error).__name__}: {error}"
        else:
            kernels = sorted(set(imp.kernels.values()))
            slow = {"generic", "whole table"}.intersection(kernels)
            yield f"{words}: " + (
                "each shuffled row is predicted anew" if slow else f"fast ({', '.join(kernels)})"
            )


def _torch_network(X: Any, y: Any) -> Any:
    import torch

    with torch.random.fork_rng(devices=[]):
        return torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))


def _estimator(module: str, name: str, **options: Any) -> Callable[[Any, Any], Any]:
    return lambda X, y: getattr(importlib.import_module(module), name)(**options).fit(X, y)


_MODELS: tuple[tuple[str, str, Callable[[Any, Any], Any]], ...] = (
    ("network of torch", "torch", _torch_network),
    ("linear model of scikit-learn", "scikit-learn", _estimator("sklearn.linear_model", "LinearRegression")),
    (
        "network of scikit-learn",
        "scikit-learn",
        _estimator("sklearn.neural_network", "MLPRegressor", max_iter=1000),
    ),
    (
        "forest of scikit-learn",
        "scikit-learn",
        _estimator("sklearn.ensemble", "RandomForestRegressor", n_estimators=5),
    ),
    (
        "boosted trees of scikit-learn",
        "scikit-learn",
        _estimator("sklearn.ensemble", "HistGradientBoostingRegressor"),
    ),
    ("XGBoost", "xgboost", _estimator("xgboost", "XGBRegressor", n_estimators=5)),
    ("XGBoost", "xgboost-cpu", _estimator("xgboost", "XGBRegressor", n_estimators=5)),
    ("LightGBM", "lightgbm", _estimator("lightgbm", "LGBMRegressor", n_estimators=5, verbose=-1)),
    (
        "CatBoost",
        "catboost",
        _estimator("catboost", "CatBoostRegressor", iterations=5, verbose=0, allow_writing_files=False),
    ),
)
