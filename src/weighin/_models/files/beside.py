"""Files are opened in a process beside this one first where a library in C++ may die of them."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from weighin._base.errors import ModelError

# of memory, beside many times what the file has: a model that asks for more is none
MEMORY, TIMES = 8 * 2**30, 100
SECONDS = 300
LIMITED = """
import sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_DATA, (int(sys.argv[2]),) * 2)
except (ImportError, ValueError, OSError):
    pass
"""


def check_opens(path: Path, what: str, code: str) -> None:
    """Raise where opening a file fails, or ends the process.

    `path`: what to open. `what`: what it should be, for the message. `code`: opens ``sys.argv[1]``. Raises ModelError.
    """
    memory = MEMORY + TIMES * path.stat().st_size
    command = [sys.executable, "-c", f"{LIMITED}{code}", str(path.absolute()), str(memory)]
    try:
        ran = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise ModelError(
            f"'{path}' cannot be opened as {what}: it takes more than {SECONDS} seconds."
        ) from None
    if ran.returncode < 0:
        name = signal.Signals(-ran.returncode).name
        raise ModelError(
            f"'{path}' is no {what.partition(' ')[2]}, or damaged: its library dies of it ({name})."
        )
    if ran.returncode:
        lines = [line for line in ran.stderr.decode(errors="replace").splitlines() if line[:1].strip()]
        reason = next((line for line in reversed(lines) if "Error" in line or "Exception" in line), "")
        raise ModelError(f"'{path}' cannot be opened as {what}: {reason or 'its library gives no reason'}")
