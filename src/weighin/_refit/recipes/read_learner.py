"""Read from a fastai learner everything it was made with."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from weighin._base.checks import is_real, is_whole
from weighin._base.errors import InputError, ModelError
from weighin._base.random_state import random_state_kept
from weighin._refit.recipes.learner import LearnerTrainer, fastai

# part of the rows to validate on, where a learner does not say
VALID = 0.2
# what tabular_learner takes and a learner keeps under the same name
_KEPT = ("loss_func", "opt_func", "lr", "splitter", "wd", "wd_bn_bias", "train_bn", "moms")
_BY_FUNCTION = "Hint: Recipe.from_function trains anything."


def read_learner(
    learn: Any,
    *,
    fit: Callable[[Any], Any] | None,
    epochs: int | None,
    lr: float | None,
    valid: float | None,
) -> LearnerTrainer:
    """Read from a learner what it was made with."""
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
        hint = f" This one was last trained for {last} epochs." if last else ""
        raise InputError(
            "A learner does not remember how it was trained: pass epochs=5 (and lr=), or fit=lambda learn: "
            f"learn.fit_one_cycle(5).{hint}"
        )
    if fit is not None and (epochs is not None or lr is not None):
        raise InputError("Give fit=, or epochs= (and lr=), not both.")
    if fit is not None and not callable(fit):
        raise InputError(f"fit must be a function that trains the learner it is passed, got {fit!r:.80}.")
    if epochs is not None and not is_whole(epochs, 1):
        raise InputError(f"epochs must be an integer >= 1, got {epochs!r}.")
    if lr is not None and not (is_real(lr) and 0 < lr < math.inf):
        raise InputError(f"lr must be a number above 0, got {lr!r}.")
    if valid is not None and not (is_real(valid) and 0 < valid < 1):
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
    linear = [next((layer for layer in part if isinstance(layer, nn.Linear)), None) for part in parts]
    if not blocks or None in linear:
        raise ModelError(f"The layers of the network were changed by hand. {_BY_FUNCTION}")
    ranges = [part for part in network.layers if isinstance(part, tools.SigmoidRange)]
    drops = [next((layer.p for layer in part if isinstance(layer, nn.Dropout)), 0.0) for part in parts]
    normed = [any(isinstance(layer, nn.BatchNorm1d) for layer in part) for part in parts]
    usual = (nn.Linear, nn.BatchNorm1d, nn.Dropout)
    acts = [layer for part in parts for layer in part if not isinstance(layer, usual)]
    sizes: list[Any] = [layer.out_features for layer in linear if layer is not None]
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
        raise ModelError(f"The network was changed by hand and cannot be rebuilt. {_BY_FUNCTION}")
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
            raise ModelError(
                f"weighin cannot rebuild FillMissing's strategy {proc.fill_strategy!r}. {_BY_FUNCTION}"
            )
        return kind, {"fill_strategy": strategy, "add_col": proc.add_col, "fill_vals": proc.fill_vals}
    try:
        with random_state_kept():
            kind()
    except TypeError:
        raise ModelError(
            f"The proc {kind.__name__} cannot be created without arguments. {_BY_FUNCTION}"
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
    raise ModelError(f"weighin does not know this kind of target (procs: {kinds}). {_BY_FUNCTION}")


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
