"""Weighing a fastai learner while it trains."""

from __future__ import annotations

from typing import Any

from weighin._callbacks.epochs import EpochImportances


class FastaiHooks(EpochImportances):
    """A fastai callback that weighs the learner while it trains.

    Training goes on as it would without: model, data and random state are left as they were.

    Parameters
    ----------
    X : data frame, optional
        Raw rows; by default the learner's validation set.
    y : optional
        Target, where it is no column of `X`.
    every : int, optional
        Weigh after every so many epochs, and after the last; None for the last alone.
    log : callable, optional
        Called as ``log(values, epoch)`` with the importance of each feature, such as ``{"importance/spread": 7.8}``.
    **options
        As `weigh` takes them: ``metric="mae"``, ``groups=...``. ``random_state`` is 0, so that all epochs get the
        same shuffles.

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
    >>> from weighin.callbacks import FastaiImportance
    >>> watch = FastaiImportance()
    >>> learn.fit_one_cycle(5, cbs=watch)  # doctest: +SKIP
    >>> watch.to_frame()  # doctest: +SKIP
    """

    # given by fastai
    learn: Any
    epoch: int
    # after the recorder, before what may stop the training
    order = 55
    # epoch trained but not weighed: `learn.validate` ends epochs and fits, too
    _waiting = -1

    def before_fit(self) -> None:
        """Start anew."""
        self._waiting = -1

    def after_train(self) -> None:
        """Take down that an epoch was trained; looking for a learning rate trains none."""
        if hasattr(self.learn, "lr_finder"):
            return
        if self.epoch == 0:
            self.results.clear()
        self._waiting = self.epoch

    def after_epoch(self) -> None:
        """Weigh, where it is time to."""
        if self._waiting >= 0 and self.is_due(self._waiting):
            self._weigh()

    def after_fit(self) -> None:
        """Weigh after the last epoch, however the training ended."""
        if self._waiting >= 0:
            self._weigh()

    def _weigh(self) -> None:
        epoch, self._waiting = self._waiting, -1
        self.weigh_epoch(self.learn, epoch)
