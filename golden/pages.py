"""What a page of a result is made of: the only place that reads what is private."""

from __future__ import annotations

import inspect
import json
from typing import Any

FURTHER = ("effects", "company", "associations")


def page_texts(result: Any) -> dict[str, str]:
    """Give the dict of a page, and the rows and charts that its template gets, as JSON."""
    from weighin._display.page.render import _view
    from weighin._results.importance_page import page_of

    known = getattr(result, "further", {})
    taken = inspect.signature(page_of).parameters  # "company" or "associations", as it is called
    page = page_of(result, **{name: known[name] for name in FURTHER if name in known and name in taken})
    return {"page": _json(page), "page rows": _json(_view(page))}


def _json(content: Any) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else str(value)
