"""One self-contained page from what any result tells; knows no result."""

from weighin._display.page.page import page

__all__ = ["page"]
