"""What callbacks of every framework share: when to weigh, and what is kept of it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from weighin._base.checks import check_counts
from weighin._base.errors import InputError, MissingDependencyError, nearest
from weighin._display.frame import frame
from weighin._results.importance import Importance
from weighin._weigh.weigh import weigh

# an importance each, by its feature: "importance/spread"
Log = Callable[[dict[str, float], int], Any]


class EpochImportances:
    """Weighs a model after epochs of its training, each time by the same shuffles.

    `results`: what was found after each epoch, by its number.
    """

    def __init__(
        self, X: Any = None, y: Any = None, *, every: int | None = 1, log: Log | None = None, **options: Any
    ) -> None:
        check_counts(**({} if every is None else {"every": every}))
        names = list(inspect.signature(weigh).parameters)[3:]
        for name in options:
            if name not in names:
                raise InputError(f"weigh has no argument {name!r}.{nearest(name, names)}")
        super().__init__()
        self.X, self.y, self.every, self.log_to = X, y, every, log
        self.options = {"random_state": 0, "progress": False} | options
        self.results: dict[int, Importance] = {}

    def is_due(self, epoch: int) -> bool:
        """Whether to weigh after an epoch; after the last one it always is."""
        return self.every is not None and (epoch + 1) % self.every == 0

    def weigh_epoch(self, model: Any, epoch: int, X: Any = None) -> dict[str, float]:
        """Weigh, keep the result, and give what is logged of it."""
        imp = weigh(model, X if self.X is None else self.X, self.y, **self.options)
        self.results[epoch] = imp
        values = {
            f"importance/{name}": float(mean)
            for name, mean in zip(imp.features, imp.importances_mean, strict=True)
        }
        if self.log_to is not None:
            self.log_to(values, epoch)
        return values

    def to_frame(self, confidence_level: float = 0.95, *, backend: str | None = None) -> Any:
        """Give the numbers of all epochs as one tidy data frame.

        Parameters
        ----------
        confidence_level : float
            Of the intervals, between 0 and 1.
        backend : {"pandas", "polars", "pyarrow"}, optional
            As in `Importance.to_frame`.

        Returns
        -------
        data frame
            The column "epoch", then those of `Importance.to_frame`.

        Raises
        ------
        InputError
            If nothing was weighed yet.
        """
        if not self.results:
            raise InputError("Nothing was weighed yet: train with this callback first.")
        parts = {epoch: imp._columns(confidence_level) for epoch, imp in self.results.items()}
        epochs = np.repeat(list(parts), [len(columns["feature"]) for columns in parts.values()])
        names = next(iter(parts.values()))
        together = {name: [value for columns in parts.values() for value in columns[name]] for name in names}
        return frame({"epoch": epochs.tolist(), **together}, backend)


def with_base(hooks: type, modules: dict[str, str], name: str) -> type:
    """Make a callback of hooks, derived from the class that its framework asks for.

    `modules`: Where that class may be, and its package; the one whose package is loaded goes first.
    """
    import importlib
    import sys

    in_order = sorted(modules, key=lambda module: modules[module] not in sys.modules)
    for module in in_order:
        try:
            base = importlib.import_module(module).Callback
        except ModuleNotFoundError as error:
            if error.name and error.name.partition(".")[0] != modules[module]:
                raise
            continue
        made = {"__doc__": hooks.__doc__, "__module__": "weighin.callbacks"}
        return type(name, (hooks, base), made)
    package = next(iter(modules.values()))
    raise MissingDependencyError(
        f"{package} is needed for {name} and is not installed: pip install {package}"
    )
