"""A stand-in for the CFBD API on 127.0.0.1, and hand-made games and lines to serve."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

KEY = "Zq7Vt-do-not-show-0123456789abcdef"
UNAUTHORIZED = {"message": 'Unauthorized. Did you forget to add "Bearer " before your key?'}
QUOTA = {"message": "Monthly call quota exceeded."}


@dataclass
class Reply:
    """One scripted answer: `body` is sent as JSON unless it is bytes."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    cut: int = 0  # bytes promised and not sent
    hang: bool = False  # no answer until the server stops

    def raw(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class Api:
    """Serve `seasons[year] = (games, lines)`; what `script` holds comes first, one reply per request."""

    def __init__(self, key: str = KEY) -> None:
        self.key = key
        self.seasons: dict[int, tuple[list[Any], list[Any]]] = {}
        self.script: list[Reply | None] = []  # None: the answer as usual
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.authorizations: list[str | None] = []
        self.arrived = threading.Semaphore(0)
        self._stop = threading.Event()
        handler = type("Handler", (_Handler,), {"api": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def calls(self) -> list[tuple[str, int]]:
        """What was asked for, as (endpoint, year)."""
        return [(path.strip("/"), int(query["year"])) for path, query in self.asked]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def reply(self, path: str, query: dict[str, str], authorization: str | None) -> Reply:
        if self.script:
            scripted = self.script.pop(0)
            if scripted is not None:
                return scripted
        if authorization != f"Bearer {self.key}":
            return Reply(401, UNAUTHORIZED)
        if "year" not in query:
            return Reply(400, {"message": "Validation Failed"})
        games, lines = self.seasons.get(int(query["year"]), ([], []))
        rows = games if path == "/games" else lines
        wanted = query.get("seasonType", "both")
        return Reply(body=[row for row in rows if wanted in ("both", row.get("seasonType", wanted))])

    def wait_for_stop(self) -> None:
        self._stop.wait(30)


class _Handler(BaseHTTPRequestHandler):
    api: Api

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        self.api.asked.append((parts.path, query))
        self.api.authorizations.append(self.headers["Authorization"])
        reply = self.api.reply(parts.path, query, self.headers["Authorization"])
        self.api.arrived.release()
        if reply.hang:
            self.api.wait_for_stop()
            return
        body = reply.raw()
        self.send_response(reply.status)
        for name, value in {"X-CallLimit-Remaining": "812", **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) + reply.cut))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def game(id: int = 1, year: int = 2019, **changes: Any) -> dict[str, Any]:
    """One game as ``/games`` gives it: FBS v FBS, regular season, played."""
    return {
        "id": id,
        "season": year,
        "week": 1,
        "seasonType": "regular",
        "completed": True,
        "neutralSite": False,
        "homeTeam": "Alpha",
        "homeClassification": "fbs",
        "homeConference": "East",
        "homePoints": 24,
        "homePregameElo": 1500,
        "awayTeam": "Beta",
        "awayClassification": "fbs",
        "awayConference": "West",
        "awayPoints": 10,
        "awayPregameElo": 1420,
        "venue": None,  # a field weighin does not read
        **changes,
    }


def line(id: int = 1, spreads: dict[str, float | None] | None = None) -> dict[str, Any]:
    """One entry of ``/lines``; `spreads` maps provider to spread."""
    spreads = {"consensus": -7.5} if spreads is None else spreads
    return {
        "id": id,
        "seasonType": "regular",
        "lines": [
            {"provider": name, "spread": spread, "overUnder": None} for name, spread in spreads.items()
        ],
    }


def season(year: int = 2019, games: int = 2) -> tuple[list[Any], list[Any]]:
    """A whole season of plain games with consensus lines."""
    ids = range(year * 100 + 1, year * 100 + games + 1)
    return [game(id, year) for id in ids], [line(id) for id in ids]
