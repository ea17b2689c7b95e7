"""torchmetrics, where it is installed, also beside a torchvision that cannot be imported."""

from __future__ import annotations

import sys
from typing import Any
from unittest import mock

import pytest


def torchmetrics() -> Any:
    """Torchmetrics imports torchvision, where that is installed, for metrics of images alone."""
    try:
        import torchmetrics
    except ModuleNotFoundError:
        pytest.skip("torchmetrics is not installed")
    except RuntimeError:
        # a torchvision made for another build of torch
        _forget("torchmetrics", "torchvision")
        names = ("torchvision", "torchvision.models", "torchvision.transforms")
        with mock.patch.dict(sys.modules, {name: mock.MagicMock() for name in names}):
            import torchmetrics

            kept = {name: module for name, module in sys.modules.items() if name.startswith("torchmetrics")}
        sys.modules.update(kept)
    return torchmetrics


def _forget(*packages: str) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] in packages]:
        del sys.modules[name]
