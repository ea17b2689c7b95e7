"""Which features does a trained tabular network weigh, how much, and how sure are you?"""

from __future__ import annotations

__version__ = "0.1.0"
