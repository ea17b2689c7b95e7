"""Weighing a Lightning module while it trains."""

from __future__ import annotations

from typing import Any

from weighin._base.errors import InputError
from weighin._callbacks.epochs import EpochImportances


class LightningHooks(EpochImportances):
    """A Lightning callback that weighs the module while it trains, and writes importances to the trainer's loggers.

    Training goes on as it would without: module, data and random state are left as they were. Only the first process of
    several weighs.

    Parameters
    ----------
    X : table or loader, optional
        As `weigh` takes it; by default the trainer's validation loader.
    y : optional
        Target, where `X` does not bring it.
    every : int, optional
        Weigh after every so many epochs, and after the last; None for the last alone.
    log : callable, optional
        Called as ``log(values, epoch)`` with the importance of each feature, such as ``{"importance/spread": 7.8}``;
        the loggers get these in any case.
    **options
        As `weigh` takes them: ``metric="mae"``, ``feature_names=[...]``. ``random_state`` is 0, so that all epochs get
        the same shuffles.

    Attributes
    ----------
    results : dict of int to Importance
        After each epoch that was weighed.

    Raises
    ------
    InputError
        If `every` or an option is none that `weigh` knows.

    Examples
    --------
    >>> from weighin.callbacks import LightningImportance  # doctest: +SKIP
    >>> watch = LightningImportance(feature_names=["spread", "elo"])  # doctest: +SKIP
    >>> Trainer(max_epochs=5, callbacks=[watch]).fit(module, train_loader, val_loader)  # doctest: +SKIP
    """

    _waiting = -1

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Start anew, with rows to weigh on."""
        if self.X is None and not trainer.enable_validation:
            raise InputError(
                "There is no validation loader to weigh on: give LightningImportance a table, X."
            )
        self.results.clear()

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Weigh, where it is time to."""
        self._waiting = trainer.current_epoch
        if self.is_due(self._waiting):
            self._weigh(trainer, pl_module)

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """Weigh after the last epoch, however the training ended."""
        if self._waiting >= 0:
            self._weigh(trainer, pl_module)

    def _weigh(self, trainer: Any, pl_module: Any) -> None:
        epoch, self._waiting = self._waiting, -1
        if trainer.is_global_zero:
            values = self.weigh_epoch(pl_module, epoch, trainer.val_dataloaders)
            for logger in trainer.loggers:
                logger.log_metrics({**values, "epoch": epoch}, step=trainer.global_step)
