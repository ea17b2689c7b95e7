"""Models from files and from the user's own code: one reader for each format, none of which runs code unasked."""

from weighin._models.files.code import from_code, is_code
from weighin._models.files.open import open_model

__all__ = ["from_code", "is_code", "open_model"]
