"""A Lightning module that is weighed while it trains, and trains as it would without."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

import weighin
from torch_metrics import torchmetrics

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
NAMES = ["spread", "elo", "week"]


@pytest.fixture(scope="module")
def pl():
    """Lightning, which imports torchmetrics."""
    torchmetrics()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("lightning.pytorch")


def loaders():
    X = torch.randn(200, 3, generator=torch.Generator().manual_seed(0))
    y = 3 * X[:, :1] + X[:, 1:2]
    parts = TensorDataset(X[:100], y[:100]), TensorDataset(X[100:], y[100:])
    return [DataLoader(part, batch_size=20) for part in parts]


def fit(pl, epochs, *callbacks, validated=True, logger=False):
    class Module(pl.LightningModule):
        def __init__(self):
            super().__init__()
            self.net = torch.nn.Sequential(
                torch.nn.Linear(3, 8), torch.nn.Dropout(0.1), torch.nn.Linear(8, 1)
            )

        def forward(self, x):
            return self.net(x)

        def training_step(self, batch, _):
            return torch.nn.functional.mse_loss(self(batch[0]), batch[1])

        def validation_step(self, batch, _):
            self.log("valid", torch.nn.functional.mse_loss(self(batch[0]), batch[1]))

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), 0.1)

    torch.manual_seed(3)
    module, (train, valid) = Module(), loaders()
    trainer = pl.Trainer(
        max_epochs=epochs,
        callbacks=list(callbacks),
        logger=logger,
        accelerator="cpu",
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
    )
    trainer.fit(module, train, valid if validated else None)
    return module


def watching(*args, **options):
    from weighin.callbacks import LightningImportance

    return LightningImportance(*args, n_repeats=2, feature_names=NAMES, **options)


def test_each_epoch_is_weighed_and_training_is_as_without(pl):
    watch = watching()
    module, alone = fit(pl, 3, watch), fit(pl, 3)
    assert list(watch.results) == [0, 1, 2]
    states = zip(module.state_dict().values(), alone.state_dict().values(), strict=True)
    assert all(torch.equal(mine, other) for mine, other in states)
    after = weighin.weigh(
        module, loaders()[1], feature_names=NAMES, n_repeats=2, random_state=0, progress=False
    )
    np.testing.assert_array_equal(watch.results[2].importances, after.importances)
    assert watch.to_frame()["epoch"].tolist() == [0] * 3 + [1] * 3 + [2] * 3


def test_every_so_many_epochs_and_after_one_that_was_not_the_last(pl):
    class Stop(pl.Callback):
        def on_train_epoch_end(self, trainer, pl_module):
            trainer.should_stop = trainer.current_epoch == 3

    watch = watching(every=3)
    fit(pl, 9, watch, Stop())
    assert list(watch.results) == [2, 3]


def test_loggers_get_the_importances(pl, tmp_path):
    from lightning.pytorch.loggers import CSVLogger

    logger = CSVLogger(tmp_path)
    watch = watching()
    fit(pl, 2, watch, logger=logger)
    logged = pd.read_csv(tmp_path / "lightning_logs" / "version_0" / "metrics.csv").dropna(
        subset="importance/spread"
    )
    assert logged["epoch"].tolist() == [0, 1]
    means = [imp.importances_mean for imp in watch.results.values()]
    np.testing.assert_allclose(logged[[f"importance/{name}" for name in NAMES]], means)


def test_without_validation_a_table_is_asked_for(pl):
    with pytest.raises(weighin.InputError, match="give LightningImportance a table, X"):
        fit(pl, 1, watching(), validated=False)
    X, y = next(iter(DataLoader(loaders()[1].dataset, batch_size=50)))
    watch = watching(X, y)
    fit(pl, 1, watch, validated=False)
    assert watch.results[0].n_rows == 50


def test_a_missing_framework_is_named(monkeypatch):
    import sys

    from weighin import callbacks

    monkeypatch.delitem(vars(callbacks), "LightningImportance", raising=False)
    for package in ("lightning", "lightning.pytorch", "pytorch_lightning"):
        monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(weighin.MissingDependencyError, match="pip install lightning"):
        _ = callbacks.LightningImportance
