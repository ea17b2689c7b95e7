"""Train a fastai network again: everything a learner was made with, read from it."""

from __future__ import annotations

import copy
import math
import numbers
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from weighin._base.errors import InputError, ModelError
from weighin._base.optional import require
from weighin._base.random_state import random_state_kept

if TYPE_CHECKING:
    import pandas as pd

VALID = 0.2
# what tabular_learner takes and a learner keeps under the same name
_KEPT = ("loss_func", "opt_func", "lr", "splitter", "wd", "wd_bn_bias", "train_bn", "moms")
_BY_FUNCTION = "Hint: Recipe.from_function trains anything."


def fastai() -> Any:
    """Fastai's tabular names; its first import draws from Python's global generator, which is put back."""
    with random_state_kept():
        return require("fastai.tabular.all", "fastai", "train a learner again")


@dataclass(frozen=True)
class LearnerTrainer:
    """Everything a learner was made with.

    Attributes
    ----------
    name : str
        In words.
    cat_names, cont_names, target : tuple of str
        Raw columns.
    procs : tuple
        Classes and settings of fastai's and the user's procs.
    block : tuple
        The kind of target, and its settings.
    layers : tuple of int
        Sizes of the hidden layers.
    sizes : dict of str to int
        Embedding sizes that do not follow fastai's rule.
    config, options : dict
        Of the network, and of the learner.
    n_out, batch_size : int
        Outputs; rows of a step.
    device : str
        Where it is trained.
    valid : float
        Part of the rows to validate on.
    fit : callable or None
        The schedule; else `epochs` and `lr`.
    """

    name: str
    cat_names: tuple[str, ...]
    cont_names: tuple[str, ...]
    target: tuple[str, ...]
    procs: tuple[tuple[Any, Mapping[str, Any]], ...]
    block: tuple[str, Any]
    layers: tuple[int, ...]
    sizes: Mapping[str, int]
    config: Mapping[str, Any]
    options: Mapping[str, Any]
    n_out: int
    batch_size: int
    device: str
    valid: float
    fit: Callable[[Any], Any] | None
    epochs: int
    lr: float | None

    @property
    def features(self) -> tuple[str, ...]:
        """Columns, in the network's order."""
        return self.cat_names + self.cont_names

    def described(self) -> list[Any]:
        """What decides how it trains; of callbacks what they were made with, not what they have seen."""
        callbacks = [(type(one), getattr(one, "__stored_args__", None)) for one in self.options["cbs"]]
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
                frame,
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
                path=folder,  # where callbacks that save the best weights put them
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


def read_learner(
    learn: Any,
    *,
    fit: Callable[[Any], Any] | None,
    epochs: int | None,
    lr: float | None,
    valid: float | None,
) -> LearnerTrainer:
    """Read from a learner what it was made with.

    Raises
    ------
    InputError, ModelError
        As `Recipe.from_learner` raises them.
    """
    tools = fastai()
    from weighin._models.fastai import FastaiModel
    from weighin._models.fastai_table import read_rules

    # raises where it is no tabular learner
    FastaiModel(learn)
    if type(learn.dls.train) not in (tools.TabDataLoader, tools.TabWeightedDL) or _weighted(learn.dls.train):
        raise ModelError(
            f"Its rows come from a {type(learn.dls.train).__name__} with settings of its own. {_BY_FUNCTION}"
        )
    _check_schedule(learn, fit, epochs, lr, valid)
    table = learn.dls.train_ds
    rules, _ = read_rules(table)
    network = learn.model
    layers, config, n_out = _read_network(tools, network)
    rest = {name: getattr(learn, name) for name in _KEPT}
    usual = (*tools.defaults.callbacks, tools.ProgressCallback)
    own = [_loose(callback) for callback in learn.cbs if not isinstance(callback, usual)]
    rest |= {"metrics": [_fresh(metric) for metric in learn.metrics], "cbs": own}
    if valid is None:
        splits = [len(loader.dataset) for loader in learn.dls.loaders[:2]]
        valid = splits[1] / sum(splits) if len(splits) == 2 and all(splits) else VALID
    return LearnerTrainer(
        name=f"fastai {type(learn).__name__} ({type(network).__name__})",
        cat_names=rules.cat_names,
        cont_names=rules.cont_names,
        target=rules.y_names,
        procs=tuple(
            _read_proc(tools, proc)
            for proc in table.procs.fs
            if isinstance(proc, tools.TabularProc | tools.Normalize)
        ),
        block=_read_block(tools, table),
        layers=layers,
        sizes=_odd_sizes(tools, network, list(table.cat_names)),
        config=config,
        options=copy.deepcopy(rest),
        n_out=n_out,
        batch_size=int(learn.dls.train.bs),
        device=str(next(network.parameters()).device),
        valid=valid,
        fit=fit,
        epochs=epochs or 0,
        lr=lr,
    )


def _check_schedule(
    learn: Any, fit: Callable[[Any], Any] | None, epochs: int | None, lr: float | None, valid: float | None
) -> None:
    if fit is None and epochs is None:
        last = getattr(learn, "n_epoch", None)
        known = f" This one was last trained for {last} epochs." if last else ""
        raise InputError(
            "How is it trained? A learner does not remember: pass epochs=5 (and lr=), or "
            f"fit=lambda learn: learn.fit_one_cycle(5).{known}"
        )
    if fit is not None and (epochs is not None or lr is not None):
        raise InputError("fit= and epochs= (or lr=) exclude each other.")
    if fit is not None and not callable(fit):
        raise InputError(f"fit must be a function that trains the learner it gets, got {fit!r:.80}.")
    if epochs is not None and (
        not isinstance(epochs, numbers.Integral) or isinstance(epochs, bool) or epochs < 1
    ):
        raise InputError(f"epochs must be an integer >= 1, got {epochs!r}.")
    if lr is not None and not (isinstance(lr, numbers.Real) and 0 < lr < math.inf):
        raise InputError(f"lr must be a number above 0, got {lr!r}.")
    if valid is not None and not (isinstance(valid, numbers.Real) and 0 < valid < 1):
        raise InputError(f"valid must be between 0 and 1, got {valid!r}.")


def _read_network(tools: Any, network: Any) -> tuple[tuple[int, ...], dict[str, Any], int]:
    """Read the layers of fastai's tabular network; the proof is that a network made so looks the same."""
    nn = tools.nn
    if type(network) is not tools.TabularModel:
        raise ModelError(
            f"The network is a {type(network).__name__}, not fastai's TabularModel. {_BY_FUNCTION}"
        )
    blocks = [part for part in network.layers if isinstance(part, tools.LinBnDrop)]
    parts = [list(block) for block in blocks]
    linear = [next((one for one in part if isinstance(one, nn.Linear)), None) for part in parts]
    if not blocks or None in linear:
        raise ModelError(f"The layers of the network were changed by hand. {_BY_FUNCTION}")
    ranges = [part for part in network.layers if isinstance(part, tools.SigmoidRange)]
    drops = [next((one.p for one in part if isinstance(one, nn.Dropout)), 0.0) for part in parts]
    normed = [any(isinstance(one, nn.BatchNorm1d) for one in part) for part in parts]
    usual = (nn.Linear, nn.BatchNorm1d, nn.Dropout)
    acts = [one for part in parts for one in part if not isinstance(one, usual)]
    sizes: list[Any] = [one.out_features for one in linear if one is not None]
    config: dict[str, Any] = {
        "ps": drops[:-1],
        "embed_p": float(network.emb_drop.p),
        "y_range": (float(ranges[0].low), float(ranges[0].high)) if ranges else None,
        "use_bn": any(normed),
        "bn_final": normed[-1],
        "bn_cont": network.bn_cont is not None,
        "lin_first": isinstance(parts[0][0], nn.Linear),
    }
    if acts:
        config["act_cls"] = copy.deepcopy(acts[0])
    tables = [(embedding.num_embeddings, embedding.embedding_dim) for embedding in network.embeds]
    with random_state_kept():
        again = tools.TabularModel(tables, network.n_cont, sizes[-1], sizes[:-1], **copy.deepcopy(config))
    if repr(again) != repr(network):
        raise ModelError(f"The network was changed by hand and cannot be made again. {_BY_FUNCTION}")
    return tuple(sizes[:-1]), config, sizes[-1]


def _odd_sizes(tools: Any, network: Any, cat_names: Sequence[str]) -> dict[str, int]:
    return {
        name: embedding.embedding_dim
        for name, embedding in zip(cat_names, network.embeds, strict=True)
        if embedding.embedding_dim != tools.emb_sz_rule(embedding.num_embeddings)
    }


def _read_proc(tools: Any, proc: Any) -> tuple[Any, dict[str, Any]]:
    """Class and settings of a proc before it had seen a table."""
    kind = type(proc)
    if kind is tools.FillMissing:
        strategy = proc.fill_strategy
        strategy = getattr(tools.FillStrategy, strategy, None) if isinstance(strategy, str) else strategy
        if strategy is None:
            raise ModelError(f"FillMissing has forgotten its strategy {proc.fill_strategy!r}. {_BY_FUNCTION}")
        return kind, {"fill_strategy": strategy, "add_col": proc.add_col, "fill_vals": proc.fill_vals}
    try:
        with random_state_kept():
            kind()
    except TypeError:
        raise ModelError(
            f"The proc {kind.__name__} cannot be made without arguments. {_BY_FUNCTION}"
        ) from None
    return kind, {}


def _read_block(tools: Any, table: Any) -> tuple[str, Any]:
    """Kind of the target, from the transforms that fastai keeps among the procs."""
    for proc in table.procs.fs:
        if isinstance(proc, tools.Categorize):
            return "category", list(proc.vocab)
        if isinstance(proc, tools.RegressionSetup):
            return "regression", None
    kinds = ", ".join(type(proc).__name__ for proc in table.procs.fs)
    raise ModelError(f"The kind of target is not known to weighin (procs: {kinds}). {_BY_FUNCTION}")


def _block(tools: Any, kind: str, vocab: Any) -> Any:
    return tools.RegressionBlock() if kind == "regression" else tools.CategoryBlock(vocab=list(vocab))


def _weighted(loader: Any) -> bool:
    weights = getattr(loader, "wgts", None)
    return weights is not None and len(weights) > 0 and bool((np.asarray(weights) != weights[0]).any())


def _fresh(metric: Any) -> Any:
    """A metric without what it has accumulated."""
    metric = copy.deepcopy(metric)
    metric.reset()
    return metric


def _loose(callback: Any) -> Any:
    """A callback without the learner it belongs to."""
    alone = copy.copy(callback)
    alone.learn = None
    return alone
