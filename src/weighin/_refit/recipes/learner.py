"""Train a fastai network again: everything a learner was made with, read from it."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from weighin._base.errors import InputError
from weighin._base.optional import require
from weighin._base.random_state import random_state_kept

if TYPE_CHECKING:
    import pandas as pd


def fastai() -> Any:
    """Fastai's tabular names; its first import draws from Python's global generator, which is put back."""
    with random_state_kept():
        return require("fastai.tabular.all", "fastai", "train a learner again")


@dataclass(frozen=True)
class LearnerTrainer:
    """Everything a learner was made with."""

    name: str
    cat_names: tuple[str, ...]
    cont_names: tuple[str, ...]
    target: tuple[str, ...]
    # classes and settings of fastai's and the user's procs
    procs: tuple[tuple[Any, Mapping[str, Any]], ...]
    # the kind of target, and its settings
    block: tuple[str, Any]
    layers: tuple[int, ...]
    # embedding sizes that do not follow fastai's rule
    sizes: Mapping[str, int]
    # of the network, and of the learner
    config: Mapping[str, Any]
    options: Mapping[str, Any]
    # outputs; rows of a step
    n_out: int
    batch_size: int
    device: str
    # part of the rows to validate on
    valid: float
    # the schedule; else `epochs` and `lr`
    fit: Callable[[Any], Any] | None
    epochs: int
    lr: float | None

    @property
    def features(self) -> tuple[str, ...]:
        """Columns, in the network's order."""
        return self.cat_names + self.cont_names

    def described(self) -> list[Any]:
        """What decides how it trains; of callbacks what they were made with, not what they have seen."""
        callbacks = [
            (type(callback), getattr(callback, "__stored_args__", None)) for callback in self.options["cbs"]
        ]
        own = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        return [own | {"options": {**self.options, "cbs": callbacks}}]

    def __call__(self, frame: pd.DataFrame, features: Sequence[str], seed: int) -> Any:
        """Make a new learner of these columns and train it."""
        tools = fastai()
        cats, conts = self.roles(frame, features)
        order = np.random.default_rng(seed).permutation(len(frame))
        cut = round(self.valid * len(frame))
        train, valid = np.sort(order[cut:]).tolist(), np.sort(order[:cut]).tolist()
        if len(train) < self.batch_size:
            raise InputError(
                f"{len(frame)} rows are too few: {len(train)} are left after the validation split, and one batch "
                f"needs {self.batch_size}."
            )
        with TemporaryDirectory() as folder, tools.no_random(seed), warnings.catch_warnings():
            # fastai hands pandas' read-only arrays to torch, which warns; nobody writes to them
            warnings.filterwarnings("ignore", "The given NumPy array is not writable", UserWarning)
            table = tools.TabularPandas(
                frame.reset_index(drop=True),
                procs=[kind(**copy.deepcopy(dict(settings))) for kind, settings in self.procs],
                cat_names=cats,
                cont_names=conts,
                y_names=list(self.target),
                y_block=_block(tools, *self.block),
                splits=(train, valid),
            )
            dls = table.dataloaders(bs=self.batch_size, device=self.device, num_workers=0)
            learn = tools.tabular_learner(
                dls,
                layers=list(self.layers),
                emb_szs={name: size for name, size in self.sizes.items() if name in table.cat_names},
                config=copy.deepcopy(dict(self.config)),
                n_out=self.n_out,
                # where callbacks that save the best weights put them
                path=folder,
                **copy.deepcopy(dict(self.options)),
            )
            with learn.no_bar(), learn.no_logging():
                if self.fit is not None:
                    self.fit(learn)
                else:
                    learn.fit(self.epochs, self.lr)
        return learn

    def roles(self, frame: pd.DataFrame, features: Sequence[str]) -> tuple[list[str], list[str]]:
        """Categorical and continuous columns: those of the learner as they were there, new ones by their kind."""
        import pandas as pd

        def is_number(name: str) -> bool:
            kind = frame[name].dtype
            return pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind)

        new = [name for name in features if name not in self.features]
        cats = [name for name in self.cat_names if name in features]
        conts = [name for name in self.cont_names if name in features]
        return (
            cats + [name for name in new if not is_number(name)],
            conts + [name for name in new if is_number(name)],
        )


def _block(tools: Any, kind: str, vocab: Any) -> Any:
    return tools.RegressionBlock() if kind == "regression" else tools.CategoryBlock(vocab=list(vocab))
