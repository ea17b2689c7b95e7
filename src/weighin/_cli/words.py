"""Arguments of Python as options of a shell: errors and notes are written for Python."""

from __future__ import annotations

import re

_OPTIONS = {
    **{name: name for name in ("outputs", "classes", "metric", "missing", "features", "output", "within")},
    **{name: name for name in ("by", "precision", "threshold", "grid")},
    "groups": "group",
    "sample_weight": "weights",
    "n_repeats": "repeats",
    "max_seconds": "max-seconds",
    "keep_rows": "keep-rows",
    "n_rows": "n-rows",
    "random_state": "seed",
}
# with nothing, a text, or a list of texts after it
_ARGUMENT = re.compile(rf"\b({'|'.join(_OPTIONS)})=(?:'([^']*)'|\[([^\]]*)\]|(?=[\s,;:.)]|$))")


def in_shell_words(text: str) -> str:
    """Write ``classes=['no', 'yes']`` as ``--classes no,yes``, and likewise every argument that is an option."""
    return _ARGUMENT.sub(_option, text)


def _option(match: re.Match[str]) -> str:
    name, text, items = match.groups()
    if items is not None:
        text = "A,B,..." if items == "..." else ",".join(item.strip(" '\"") for item in items.split(","))
    return f"--{_OPTIONS[name]}" + (f" {text}" if text else "")
