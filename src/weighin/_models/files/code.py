"""A model, or a function that predicts, from a module of the user's own."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path
from typing import Any

from weighin._base.errors import InputError, ModelError, nearest

_CODE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")


def is_code(text: str) -> bool:
    """Whether a text names an object in a module: ``package.module:name``."""
    return _CODE.fullmatch(text) is not None


def from_code(text: str) -> Any:
    """Import what ``package.module:name`` names; the folder weighin was started in is looked through first.

    Raises InputError if there is no such module, or nothing of that name in it. Raises ModelError if the module cannot
    be imported.
    """
    module_name, _, name = text.partition(":")
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    # it may have been written a moment ago
    importlib.invalidate_caches()
    try:
        member: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is not None and (module_name + ".").startswith(error.name + "."):
            near = nearest(module_name, [path.stem for path in Path.cwd().glob("*.py")])
            raise InputError(
                f"No module named {error.name!r} for {text!r}: neither installed nor in '{Path.cwd()}'.{near}"
            ) from None
        raise ModelError(f"{text!r} cannot be imported: {error}.") from error
    except (KeyboardInterrupt, MemoryError):
        raise
    # a module may do anything as it is imported, sys.exit included
    except BaseException as error:
        raise ModelError(f"{text!r} cannot be imported: {type(error).__name__}: {error}.") from error
    owner = module_name
    for part in name.split("."):
        if not hasattr(member, part):
            public = [entry for entry in dir(member) if not entry.startswith("_")]
            raise InputError(f"{owner!r} has no {part!r}.{nearest(part, public)}")
        member, owner = getattr(member, part), f"{owner}.{part}"
    if isinstance(member, type) or not (callable(member) or hasattr(member, "predict")):
        kind = "a class" if isinstance(member, type) else f"a {type(member).__name__}"
        raise ModelError(
            f"{text!r} is {kind}; name a trained model, or a function from a table to predictions."
        )
    return member
