"""The API key: read once, shown never."""

from __future__ import annotations

import os
import re
from pathlib import Path

from weighin._base.errors import InputError

KEY_VARIABLE = "CFBD_API_KEY"
WHERE_KEYS_COME_FROM = "a key is free at https://collegefootballdata.com/key"
_PRINTABLE = re.compile(r"[\x21-\x7e]+")
_BEARER = re.compile(r"bearer\s+", re.IGNORECASE)


class ApiKey:
    """A key that neither `repr`, `str` nor a message gives away.

    The text is trimmed and a leading ``Bearer`` dropped. Nothing is raised here: a traceback that prints
    local variables would print the text. `problem` says what is wrong; the caller, who never held it, raises.
    """

    __slots__ = ("_value", "problem")

    def __init__(self, text: str) -> None:
        self._value = _BEARER.sub("", text.strip().removeprefix("\ufeff").strip(), count=1)
        self.problem: str | None = None
        if not self._value or self._value.casefold() == "bearer":
            self.problem = "is empty"
        elif not _PRINTABLE.fullmatch(self._value):
            self.problem = (
                "has a space, a line break, a control or a non-ASCII character inside (not shown here); "
                "a key is one unbroken run of ASCII letters, digits and signs"
            )

    def __repr__(self) -> str:
        return "ApiKey(<hidden>)"

    def header(self) -> str:
        """Give the value of the Authorization header."""
        return f"Bearer {self._value}"

    def hide(self, text: str) -> str:
        """Take the key out of words that came from elsewhere, in whatever case: hosts are in lower case."""
        return re.sub(re.escape(self._value), "<key>", text, flags=re.IGNORECASE) if self._value else text

    def occurs_in(self, text: str) -> bool:
        """Tell whether `text` repeats the key (one too short to be a secret would be in any text)."""
        return len(self._value) >= 12 and self._value in text


def read_key(file: Path | None = None) -> ApiKey | None:
    """Read the key from `file`, else from the variable ``CFBD_API_KEY``; None where neither is given."""
    if file is not None:
        key, source = _key_in(file), f"The key in '{file}'"
    elif os.environ.get(KEY_VARIABLE, "").strip():
        key, source = ApiKey(os.environ[KEY_VARIABLE]), f"The key in the variable {KEY_VARIABLE}"
    else:
        return None
    if key.problem:
        raise InputError(f"{source} {key.problem}.")
    return key


def _key_in(file: Path) -> ApiKey:
    try:
        there = file.exists()
    except OSError:
        there = False
    if not there:
        raise InputError(
            "The key file does not exist (its name is not shown, in case it is the key itself). "
            f"Name a text file that holds the key and nothing else; {WHERE_KEYS_COME_FROM}."
        )
    try:
        return ApiKey(file.read_bytes()[:10_000].decode("utf-8", errors="replace"))
    except OSError as error:
        raise InputError(f"The key file '{file}' cannot be read: {error.strerror}.") from None
