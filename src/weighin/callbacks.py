"""Importance while a model trains: callbacks for fastai and Lightning, loaded when used.

`FastaiImportance`
    ``learn.fit(5, cbs=FastaiImportance())``.
`LightningImportance`
    ``Trainer(callbacks=[LightningImportance()])``; for ``lightning`` and ``pytorch_lightning``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from weighin._callbacks.fastai import FastaiHooks as FastaiImportance
    from weighin._callbacks.lightning import LightningHooks as LightningImportance

__all__ = ["FastaiImportance", "LightningImportance"]


def __getattr__(name: str) -> Any:
    """Derive a callback from the class of its framework, when it is first used."""
    if name not in __all__:
        raise AttributeError(f"module 'weighin.callbacks' has no attribute {name!r}")
    from weighin._callbacks.epochs import with_base
    from weighin._callbacks.fastai import FastaiHooks
    from weighin._callbacks.lightning import LightningHooks

    if name == "FastaiImportance":
        made = with_base(FastaiHooks, {"fastai.callback.core": "fastai"}, name)
    else:
        bases = {"lightning.pytorch": "lightning", "pytorch_lightning": "pytorch_lightning"}
        made = with_base(LightningHooks, bases, name)
    globals()[name] = made
    return made


def __dir__() -> list[str]:
    return sorted(__all__)
