"""What a page of a result is made of: the only place that reads what is private."""

from __future__ import annotations

import json
from typing import Any


def page_texts(result: Any, **further: Any) -> dict[str, str]:
    """Give the dict of a page, and the rows and charts that its template gets, as JSON."""
    from weighin._report._page import _view
    from weighin._result_page import page_of

    known = getattr(result, "further", {})
    asked = {"effects": known.get("effects"), "company": known.get("company"), **further}
    page = page_of(result, **{name: value for name, value in asked.items() if value is not None})
    return {"page": _json(page), "page rows": _json(_view(page))}


def _json(content: Any) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else str(value)
