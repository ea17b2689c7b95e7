"""How the reader can call this program again."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import sys
from pathlib import Path


def command() -> str:
    """Give the command line as it was called, for somebody who has weighin too."""
    return f"weighin {shlex.join(argument for argument in sys.argv[1:] if argument != '--open')}"


def program() -> str:
    """Give ``weighin`` where the shell finds it, else the path it was started by."""
    started = Path(sys.argv[0])
    path = shutil.which("weighin")
    if started.name != "weighin" or not started.exists() or (path and os.path.samefile(path, started)):
        return "weighin"
    # where it is elsewhere, its whole path is named
    with contextlib.suppress(ValueError):
        started = started.absolute().relative_to(Path.cwd())
    return shlex.quote(str(started))
