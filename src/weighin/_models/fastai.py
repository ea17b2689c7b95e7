"""fastai's TabularLearner: encoded once by the learner's own procs, predicted on without a data loader."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from weighin._base.errors import InputError, ModelError
from weighin._base.random_state import random_state_kept
from weighin._metrics import (
    OF_AMOUNTS,
    OF_LABELS,
    OF_NUMBERS,
    PREDICTION_CHANGE,
    KindCheck,
    MetricContext,
    OutputAnswers,
    Outputs,
    class_metrics,
    general,
)
from weighin._models.fastai_columns import learner_columns, learner_scale
from weighin._models.fastai_metrics import LearnerMetrics, activated, has_activation
from weighin._models.fastai_table import prepare, read_rules
from weighin._models.objectives import of_loss
from weighin._models.protocol import Encoded
from weighin._models.tensor_split import TensorSplit, split_of, works_row_by_row
from weighin._models.torch_state import cached_rows, evaluating, module_device, usable_device
from weighin._tables.arrays import ArrayRows
from weighin._tables.columns import Column
from weighin._tables.features import Feature
from weighin._tables.mover import Mover


class FastaiModel:
    """A fastai TabularLearner, live or loaded with ``load_learner``.

    `learn`: left as found: its modes, data, metrics and random state.
    `device`: where to predict; where the network is, by default.
    Raises ModelError if the learner is not tabular.
    """

    asked = Outputs()

    def __init__(self, learn: Any, *, device: Any = None) -> None:
        train_ds = getattr(getattr(learn, "dls", None), "train_ds", None)
        if not all(hasattr(train_ds, name) for name in ("cat_names", "cont_names", "procs")):
            raise ModelError(
                f"A fastai learner, but not a tabular one: {type(learn).__name__} on "
                f"{type(train_ds).__name__}. weighin weighs the columns of a table; it reads TabularLearner."
            )
        self.learn = learn
        self.device = usable_device(device) if device is not None else module_device(learn.model)
        self.parallel, self.row_by_row = self.device.type == "cpu", works_row_by_row(learn.model)
        self._rules, self.features = read_rules(train_ds)

    @property
    def name(self) -> str:
        """What it is, in words."""
        return f"fastai {type(self.learn).__name__} ({type(self.learn.model).__name__})"

    def encode(self, X: Any, y: Any, missing: str, needs_target: bool) -> Encoded:
        """Encode a frame by the learner's procs; its validation set when `X` is None."""
        loader, notes, kept = self.loader(X, y, missing, needs_target)
        n_rows = len(loader.dataset)
        what = f"the learner's {n_rows:,} validation rows" if X is None else f"the {n_rows:,} rows given"
        return replace(self.read(loader, notes, what), kept=kept)

    def loader(
        self, X: Any, y: Any = None, missing: str = "raise", needs_target: bool = True, bs: int | None = None
    ) -> tuple[Any, tuple[str, ...], NDArray[np.int64] | None]:
        """Make a checked fastai data loader of a frame, or of the validation set; notes; and which rows are left."""
        with random_state_kept():
            if X is None:
                return self._validation_loader(y, bs), (), None
            frame, notes = prepare(X, y, self._rules, missing, needs_target)
            kept = frame.index.to_numpy()
            frame = frame.reset_index(drop=True)
            return self.learn.dls.test_dl(frame, bs=bs or len(frame), num_workers=0), tuple(notes), kept

    def read(self, loader: Any, notes: tuple[str, ...] = (), what: str = "") -> Encoded:
        """Read all rows of a data loader at once, in order."""
        with random_state_kept(), warnings.catch_warnings():
            # fastai hands pandas' read-only arrays to torch, which warns; nothing here writes to them
            warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
            whole = loader.new(bs=len(loader.dataset), shuffle=False, drop_last=False, num_workers=0)
            batch = whole.one_batch()
        n_inputs = 2 if loader.dataset.with_cont else 1
        parts = tuple(part.to(self.device) for part in batch[:n_inputs])
        for part in parts:
            if part.is_floating_point() and not bool(torch.isfinite(part).all()):
                columns = torch.nonzero(~torch.isfinite(part).all(0)).ravel().tolist()
                names = ", ".join(repr(loader.dataset.cont_names[column]) for column in columns)
                raise InputError(f"Not finite after the learner's own procs: {names}.")
        target = batch[n_inputs].to(self.device) if len(batch) > n_inputs else None
        if target is not None and target.ndim == 1:
            target = target[:, None]
        return Encoded(ArrayRows(parts), target, notes, what, self.features)

    def outputs(self, response: str = "predict") -> Outputs:
        """Probabilities of the classes the learner knows, or numbers for its targets."""
        table = self.learn.dls.train_ds
        categorize = [proc for proc in table.procs.fs if type(proc).__name__ == "Categorize"]
        classes = tuple(categorize[0].vocab) if categorize else ()
        if not classes:
            return Outputs("number", targets=tuple(map(str, table.y_names)))
        return Outputs("probability" if has_activation(self.learn.loss_func) else "logit", classes)

    def raw_columns(
        self, data: Encoded, features: Sequence[Feature], X: Any, most_levels: int
    ) -> tuple[Column, ...]:
        """What the learner's procs took from the table."""
        return learner_columns(self.learn, data, features, X, most_levels)

    def mover(self, data: Encoded, X: Any) -> Mover:
        """Numbers are scaled as the learner's procs do."""
        assert isinstance(data.rows, ArrayRows)
        scale = learner_scale(self.learn, self.features, data.features)
        return replace(Mover.of(data.rows, data.features), scale=scale)

    def metric_context(self, data: Encoded, batch_size: int | None = None) -> MetricContext:
        """The learner's metrics, its first one or else its loss by default; mean over batches of `batch_size`."""
        vocab = getattr(self.learn.dls, "vocab", None)
        labels = (
            np.asarray(list(vocab)) if vocab is not None and len(vocab) and np.ndim(vocab[0]) == 0 else None
        )

        def width() -> int:
            with random_state_kept(), self.predicting(), torch.inference_mode():
                return int(self.learn.model(*data.rows.take(slice(0, 2)).parts).shape[-1])

        own, meaning = LearnerMetrics(self.learn, batch_size), self._meaning()
        name = f"the {type(self.learn).__name__}"
        predicted = self.outputs() if self.outputs().of_classes else meaning
        if data.target is not None and data.target.shape[1] > 1:
            # that accuracy takes one column is said by itself
            predicted = Outputs()
        classes = class_metrics(meaning) if meaning.of_classes else {}
        fitting = (
            classes if predicted.of_classes else {**OF_NUMBERS, PREDICTION_CHANGE.name: PREDICTION_CHANGE}
        )
        of_others: tuple[str, ...] = OF_LABELS if predicted.kind != "unknown" else ()
        of_others = OF_AMOUNTS if predicted.of_classes else of_others
        named = {key: metric for key, metric in (general() | classes).items() if key not in of_others}
        return MetricContext(
            model=name,
            default=own.default,
            answers=OutputAnswers(name, data.target, width, self.to_user_scale, labels),
            named=named,
            sources=(
                own,
                KindCheck(self.name, predicted, tuple(dict.fromkeys((*own.by_name, "loss", *fitting)))),
            ),
            target=data.target,
            to_user_scale=self.to_user_scale,
            device=self.device,
            meaning=lambda: meaning,
        )

    def _meaning(self) -> Outputs:
        """What the network's own outputs mean: what the user says, or the loss."""
        said = of_loss(getattr(self.learn.loss_func, "func", self.learn.loss_func))
        if self.asked.kind != "unknown":
            if said.kind not in ("unknown", self.asked.kind):
                raise InputError(
                    f"outputs={self.asked.kind!r} is not what the learner gives: {said}, {said.why}. Leave outputs= "
                    "out."
                )
            return self.asked
        return said

    def predicting(self) -> AbstractContextManager[None]:
        """Evaluation mode and no gradients, until the block ends."""
        return evaluating(self.learn.model, self.device)

    def chunk_rows(self, rows: ArrayRows) -> int:
        """As many as keep the widest layer in cache."""
        return cached_rows(self.learn.model, rows.take(slice(0, 4)), self.predict)

    def split(self, rows: ArrayRows) -> TensorSplit | None:
        """Read the network as a sum of parts under a head, where it is one."""
        return split_of(self.learn.model, rows, _outputs)

    # threads of the engine enter inference mode here
    @torch.inference_mode()
    def predict(self, rows: Any, response: str = "predict") -> torch.Tensor:
        """Raw outputs of the network, ``y_range`` included, shape (n_rows, n_outputs)."""
        return _outputs(self.learn.model, rows)

    def to_user_scale(self, pred: torch.Tensor) -> torch.Tensor:
        """Apply the loss function's activation: probabilities from logits."""
        return activated(self.learn.loss_func, pred)

    def _validation_loader(self, y: Any, bs: int | None) -> Any:
        if y is not None:
            raise InputError("y was given without X; pass both, or neither.")
        dls = self.learn.dls
        n_rows = len(dls.valid.dataset) if len(dls.loaders) > 1 else 0
        if n_rows < 2:
            raise InputError(
                f"The learner carries {n_rows} validation rows (an exported learner carries none): pass a table, X."
            )
        return dls.valid if bs is None else dls.valid.new(bs=bs)


def _outputs(network: Any, rows: ArrayRows) -> torch.Tensor:
    out = network(*rows.parts)
    return out if out.ndim == 2 else out.reshape(len(out), -1)
