"""Import what the user may not have, or say how to get it."""

from __future__ import annotations

import importlib
from types import ModuleType

from weighin._base.errors import MissingDependencyError


def require(module: str, extra: str, purpose: str) -> ModuleType:
    """Import `module`, or raise naming the extra that brings it.

    `module`: Dotted module name.
    `extra`: The extra of this package that installs it.
    `purpose`: What it is needed for; completes "... is needed to".

    Raises MissingDependencyError: if the package that `module` belongs to is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != package:
            # the package is there, something it needs is not: its own message is the better one
            raise
        raise MissingDependencyError(
            f"{package} is needed to {purpose} and is not installed: pip install 'weighin[{extra}]'"
        ) from None
