"""The client asks politely, waits as it is told, and gives up in words."""

from __future__ import annotations

import socket
from datetime import timedelta
from email.utils import format_datetime

import pytest
from client_calls import NOW, Patience, failure, shown
from server import KEY, QUOTA, UNAUTHORIZED, Api, Reply

from weighin._base.errors import FetchError
from weighin._football.client import LONGEST_WAIT, retry_after
from weighin._football.records import decode


def test_asks_for_the_regular_season_with_the_key_in_the_header(api: Api) -> None:
    with Patience().client(api.url) as client:
        assert decode(client.get("games", 2019)) == api.seasons[2019][0]
        assert decode(client.get("lines", 2019)) == api.seasons[2019][1]
        assert client.calls_left == 812
    assert api.asked == [
        ("/games", {"year": "2019", "seasonType": "regular"}),
        ("/lines", {"year": "2019", "seasonType": "regular"}),
    ]
    assert api.authorizations == [f"Bearer {KEY}"] * 2


def test_a_base_url_may_have_a_path_and_a_trailing_slash(api: Api) -> None:
    api.script = [Reply(body=[])]
    with Patience().client(api.url + "/v2/") as client:
        client.get("games", 2019)
    assert api.asked[0][0] == "/v2/games"


def test_without_a_key_nothing_is_sent(api: Api) -> None:
    assert "CFBD_API_KEY" in failure(api, key=None)
    assert api.asked == []


def test_retry_after_in_seconds_is_waited_for_and_said(api: Api) -> None:
    patience = Patience()
    api.script = [Reply(429, {"message": "Slow down"}, {"Retry-After": "7"})]
    with patience.client(api.url) as client:
        client.get("games", 2019)
    assert patience.slept == [7]
    assert "429" in patience.said[0]
    assert "Slow down" in patience.said[0]
    assert "Waiting 7 s, then try 2 of 5" in patience.said[0]


def test_retry_after_as_a_date_is_waited_for(api: Api) -> None:
    patience = Patience()
    date = format_datetime(NOW + timedelta(seconds=90), usegmt=True)
    api.script = [Reply(503, b"", {"Retry-After": date})]
    with patience.client(api.url) as client:
        client.get("games", 2019)
    assert patience.slept == [90]


@pytest.mark.parametrize("value", ["", "soon", "-3", "1.5", "²", "Mon, 99 Foo 2026"])
def test_a_retry_after_nobody_can_read_counts_as_none(value: str) -> None:
    assert retry_after(value, NOW) is None


def test_a_retry_after_date_in_the_past_is_no_wait() -> None:
    assert retry_after(format_datetime(NOW - timedelta(hours=1), usegmt=True), NOW) == 0
    assert retry_after("Sun, 22 Nov 2026 12:00:05 -0000", NOW) == 5  # a date without a zone is UTC


def test_a_wait_that_is_too_long_stops(api: Api) -> None:
    patience = Patience()
    message = failure(api, Reply(429, QUOTA, {"Retry-After": "86400"}), patience=patience)
    assert "86,400 s" in message
    assert str(LONGEST_WAIT) in message
    assert patience.slept == []


def test_retry_after_again_and_again_is_bounded(api: Api) -> None:
    patience = Patience()
    message = failure(api, *[Reply(429, {}, {"Retry-After": "1"})] * 9, patience=patience)
    assert "5 tries" in message
    assert patience.slept == [1, 1, 1, 1]


def test_a_used_up_quota_stops_at_once(api: Api) -> None:
    patience = Patience()
    message = failure(api, Reply(429, QUOTA), patience=patience)
    assert "used up" in message
    assert "Monthly call quota exceeded." in message
    assert (patience.slept, len(api.asked)) == ([], 1)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(401, UNAUTHORIZED), "does not accept the key"),
        (Reply(403, {"message": "Not for you"}), "Not for you"),
        (Reply(400, {"message": "Validation Failed"}), "400"),
        (Reply(404, b"<html>no such page</html>"), "404"),
        (Reply(204, b""), "204"),
    ],
)
def test_a_refusal_stops_at_once(api: Api, reply: Reply, words: str) -> None:
    patience = Patience()
    assert words in failure(api, reply, patience=patience)
    assert (patience.slept, len(api.asked)) == ([], 1)


def test_a_wrong_key_is_refused_by_the_server(api: Api) -> None:
    assert "does not accept the key" in failure(api, key="another-key-altogether")


@pytest.mark.parametrize(
    "reply",
    [
        Reply(500, {"message": "Internal Server Error"}),
        Reply(502, b"<html>Bad gateway</html>"),
        Reply(429, {"message": "Too many requests"}),
        Reply(body=b'[{"id": 1}', cut=100),
        Reply(body=b'[{"id": 1}, {"i'),
        Reply(body=b""),
        Reply(body=b"<html>Please sign in to this network</html>"),
        Reply(body=b'["\xff"]'),
        Reply(body=b"[NaN]"),
        Reply(body=b"[" * 100_000),
        Reply(body=b"not gzip", headers={"Content-Encoding": "gzip"}),
    ],
    ids=lambda reply: f"{reply.status}-{reply.raw()[:12]!r}-{reply.cut}",
)
def test_what_may_pass_is_tried_again_a_few_times(api: Api, reply: Reply) -> None:
    patience = Patience()
    assert "Gave up after 5 tries" in failure(api, *[reply] * 9, patience=patience)
    assert len(api.asked) == 5
    assert len(patience.said) == 4
    for step, seconds in enumerate(patience.slept):  # 1, 2, 4, 8 and up to a second of jitter
        assert 2**step <= seconds <= 2**step + 1
    api.script = [reply]
    with patience.client(api.url) as client:
        assert decode(client.get("games", 2019)) == api.seasons[2019][0]


def test_the_jitter_differs() -> None:
    waits = set()
    for _ in range(3):
        patience = Patience()
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        with patience.client(f"http://127.0.0.1:{port}", attempts=2) as client, pytest.raises(FetchError):
            client.get("games", 2019)
        waits.update(patience.slept)
    assert len(waits) == 3


def test_a_time_out_is_tried_again_then_said(api: Api) -> None:
    message = failure(api, *[Reply(hang=True)] * 2, timeout=0.05, attempts=2)
    assert "no answer in time" in message
    assert all(api.arrived.acquire(timeout=30) for _ in range(2))


def test_a_connection_refused_is_tried_again_then_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    patience = Patience()
    with (
        patience.client(f"http://127.0.0.1:{port}") as client,
        pytest.raises(FetchError, match="no connection") as e,
    ):
        client.get("games", 2019)
    assert len(patience.slept) == 4
    assert KEY not in shown(e.value)
    assert e.value.__context__ is None
