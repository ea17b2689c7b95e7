"""Arguments of Python as options of a shell: errors and notes are written for Python."""

from __future__ import annotations

import re

_OPTIONS = (
    "outputs classes metric missing features output within by given precision threshold grid groups sample_weight "
    "n_repeats max_seconds keep_rows n_rows random_state"
).split()
# with nothing, a text, or a list of texts after it
_ARGUMENT = re.compile(rf"\b({'|'.join(_OPTIONS)})=(?:'([^']*)'|\[([^\]]*)\]|(?=[\s,;:.)]|$))")


def in_shell_words(text: str) -> str:
    """Write ``classes=['no', 'yes']`` as ``--classes no,yes``, and likewise every argument that is an option."""
    return _ARGUMENT.sub(_option, text)


def _option(match: re.Match[str]) -> str:
    name, text, items = match.groups()
    if items is not None:
        text = "A,B,..." if items == "..." else ",".join(item.strip(" '\"") for item in items.split(","))
    # several groups are several options
    option = "group" if name == "groups" else name.replace("_", "-")
    return f"--{option}" + (f" {text}" if text else "")
