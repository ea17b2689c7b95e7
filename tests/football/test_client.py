"""The API client: what it sends and to whom, how long it tries, and what it says when it fails."""

from __future__ import annotations

import gc
import logging
import socket
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from server import KEY, QUOTA, UNAUTHORIZED, Api, Reply, game, line, season

from weighin._base.errors import FetchError, InputError
from weighin._football.client import LONGEST_WAIT, Client, check_base_url, retry_after
from weighin._football.key import ApiKey, read_key
from weighin._football.records import decode, games_in, lines_in

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def api() -> Iterator[Api]:
    with Api() as api:
        api.seasons[2019] = season(2019)
        yield api


class Patience:
    """Stands in for the clock: notes what the client slept and said."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.said: list[str] = []

    def client(self, url: str, key: str | None = KEY, **options: object) -> Client:
        return Client(
            ApiKey(key) if key else None,
            url,
            sleep=self.slept.append,
            now=lambda: NOW,
            say=self.said.append,
            **options,
        )


def shown(error: BaseException) -> str:
    """Everything a traceback could print of an error, local variables and chain included."""
    frames = (frame for frame, _ in traceback.walk_tb(error.__traceback__))
    parts = [repr(frame.f_locals) for frame in frames if "tests" not in Path(frame.f_code.co_filename).parts]
    parts += ["".join(traceback.format_exception(error)), repr(error), str(error), repr(vars(error))]
    parts.extend(shown(linked) for linked in (error.__cause__, error.__context__) if linked is not None)
    return "\n".join(parts)


def failure(api: Api, *script: Reply, patience: Patience | None = None, **options: object) -> str:
    """Script the server, ask, and give the message; the key is in no part of the error."""
    api.script = list(script)
    with (
        (patience or Patience()).client(api.url, **options) as client,
        pytest.raises(FetchError) as caught,
    ):
        client.get("games", 2019)
    assert KEY not in shown(caught.value)
    return str(caught.value)


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


# --- what the server may answer ---


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


# --- the key ---


def test_a_redirect_does_not_carry_the_key_anywhere(api: Api) -> None:
    with Api() as elsewhere:
        for target in (elsewhere.url + "/games", "//evil.example/x", "http://[broken", ""):
            message = failure(api, Reply(302, b"", {"Location": target}))
            assert "redirects" in message
        assert elsewhere.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "http://api.collegefootballdata.com",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://127.1",
        "http://10.0.0.1",
        "http://0.0.0.0:80",
        "HTTP://example.com",
    ],
)
def test_plain_http_is_for_this_machine_alone(url: str) -> None:
    with pytest.raises(InputError, match="https only"):
        Client(ApiKey(KEY), url)


@pytest.mark.parametrize(
    "url",
    [
        f"https://user:{KEY}@host",
        f"https://host?key={KEY}",
        f"https://host/#{KEY}",
        KEY,
        "ftp://host",
        "https://",
    ],
)
def test_a_base_url_with_more_or_less_than_it_needs_is_refused_unseen(url: str) -> None:
    with pytest.raises(InputError) as caught:
        check_base_url(url)
    assert KEY not in str(caught.value)


def test_a_host_hidden_behind_a_loopback_user_is_refused() -> None:
    for url in ("http://127.0.0.1:80@example.com", "http://127.0.0.1:80\\@example.com", "http://①②⑦.0.0.1"):
        with pytest.raises(InputError):
            check_base_url(url)


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("https://api.collegefootballdata.com/", "https://api.collegefootballdata.com"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://127.0.0.9:1", "http://127.0.0.9:1"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
    ],
)
def test_https_and_loopback_are_fine(url: str, normal: str) -> None:
    assert check_base_url(url) == normal


def test_a_proxy_of_the_environment_does_not_see_the_key(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    with Api() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        with Patience().client(api.url) as client:
            client.get("games", 2019)
        assert proxy.asked == []


@pytest.mark.slow
def test_a_proxy_that_cannot_be_used_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"gopher://user:{KEY}@host")
    with pytest.raises(FetchError, match="HTTPS_PROXY") as caught:
        Client(ApiKey(KEY))
    assert KEY not in shown(caught.value)
    gc.collect()


@pytest.mark.parametrize("text", [KEY, f"  {KEY}\r\n", f"Bearer {KEY}", f"bearer   {KEY}\n", f"\ufeff{KEY}"])
def test_a_key_is_trimmed_and_may_carry_bearer(api: Api, text: str) -> None:
    with Patience().client(api.url, key=text) as client:
        client.get("games", 2019)
    assert api.authorizations == [f"Bearer {KEY}"]


@pytest.mark.parametrize(
    "text", [f"{KEY} x", f"{KEY}\nx", f"{KEY}\x00", f"{KEY}é", f"{KEY}\x7f", f"{KEY}\x1b[0m"]
)
def test_a_key_that_cannot_be_one_is_refused_unseen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    file = tmp_path / "key.txt"
    file.write_text(text, encoding="utf-8")
    if "\x00" not in text:  # no variable can hold it
        monkeypatch.setenv("CFBD_API_KEY", text)
    for where in (file, None) if "\x00" not in text else (file,):
        with pytest.raises(InputError, match="control or a non-ASCII") as caught:
            read_key(where)
        assert KEY not in shown(caught.value)


def test_a_key_comes_from_the_file_before_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "key.txt"
    file.write_bytes(b"\xef\xbb\xbf" + KEY.encode() + b"\r\n")
    monkeypatch.setenv("CFBD_API_KEY", "other")
    from_file = read_key(file)
    monkeypatch.setenv("CFBD_API_KEY", KEY)
    from_variable = read_key()
    assert from_file is not None
    assert from_variable is not None
    assert from_file.header() == from_variable.header() == f"Bearer {KEY}"
    monkeypatch.setenv("CFBD_API_KEY", " ")
    assert read_key() is None
    monkeypatch.delenv("CFBD_API_KEY")
    assert read_key() is None


@pytest.mark.parametrize("content", [b"", b" \n", b"Bearer ", b"Bearer"])
def test_an_empty_key_file_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "key.txt"
    file.write_bytes(content)
    with pytest.raises(InputError, match="is empty"):
        read_key(file)


@pytest.mark.parametrize("name", [KEY, KEY * 20, f"{KEY}\x00"])
def test_a_key_given_as_the_file_is_not_shown(name: str) -> None:
    with pytest.raises(InputError, match="does not exist") as caught:
        read_key(Path(name))
    assert KEY not in str(caught.value)


def test_a_folder_as_the_key_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_key(tmp_path)


def test_the_key_is_in_no_repr_and_no_log(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    key = ApiKey(KEY)
    with Client(key, api.url) as client:
        client.get("games", 2019)
        assert KEY not in f"{key!r} {key} {client!r} {vars(client)!r}"
    assert api.authorizations == [f"Bearer {KEY}"]
    assert caplog.records
    assert KEY not in caplog.text


def test_a_server_that_repeats_the_key_does_not_get_it_shown(api: Api) -> None:
    words = {"message": f"{'x' * 180} {KEY} is no good \x1b[31m"}
    for status in (400, 403, 429, 500):
        message = failure(api, *[Reply(status, words)] * 5)
        assert "\x1b" not in message
        assert KEY[:8] not in message
    message = failure(api, Reply(body=[game(homeTeam=KEY)]))
    assert "repeats the API key" in message


# --- what the answers must look like ---


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"homePoints": "24"}, "field 'homePoints' is a string ('24'), expected an integer or null"),
        ({"awayPoints": 10.5}, "field 'awayPoints' is a number (10.5), expected an integer or null"),
        ({"awayPoints": -1}, "field 'awayPoints' is an integer (-1)"),
        ({"homePregameElo": True}, "field 'homePregameElo' is a boolean (True), expected a number or null"),
        ({"neutralSite": 0}, "field 'neutralSite' is an integer (0), expected true or false"),
        ({"homeTeam": None}, "field 'homeTeam' is null, expected a string"),
        ({"week": []}, "field 'week' is a list, expected an integer"),
        ({"season": {}}, "field 'season' is an object, expected an integer"),
        ({"homeConference": "x" * 100 + "\x1b"}, None),
    ],
)
def test_a_field_of_another_type_is_named(changes: dict[str, object], words: str | None) -> None:
    rows = [game(1), game(77, **changes)]
    if words is None:
        assert len(games_in(rows, 2019)) == 2
        return
    with pytest.raises(FetchError) as caught:
        games_in(rows, 2019)
    assert words in str(caught.value)
    assert "game 77 (entry 1)" in str(caught.value)
    assert "/games for 2019" in str(caught.value)


def test_every_field_that_is_read_must_be_there() -> None:
    for name in game():
        if name in ("venue", "completed"):
            continue
        row = game(77)
        del row[name]
        with pytest.raises(FetchError, match=f"field '{name}' is missing"):
            games_in([row], 2019)


def test_an_unusable_id_and_the_number_of_misfits_are_said() -> None:
    with pytest.raises(FetchError, match=r"without a usable id \(entry 0\): field 'id' .* 1 more do not fit"):
        games_in([game("7", week="1")], 2019)
    with pytest.raises(FetchError, match="expected a value less than"):
        games_in([game(2**63)], 2019)


@pytest.mark.parametrize("rows", [{"message": "hello"}, None, "text", 3])
def test_an_answer_that_is_no_list_is_refused(rows: object) -> None:
    with pytest.raises(FetchError, match="expected a list"):
        games_in(rows, 2019)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([7], "(entry 0) is an integer (7), expected an object"),
        ([{"id": 5, "lines": None}], "game 5 (entry 0): field 'lines' is null, expected a list"),
        ([{"id": 5}], "field 'lines' is missing"),
        (
            [line(5, {"consensus": "-7"})],
            "field 'lines.0.spread' is a string ('-7'), expected a number or null",
        ),
        ([{"id": 5, "lines": [{"spread": 1}]}], "field 'lines.0.provider' is missing"),
    ],
)
def test_lines_that_do_not_fit_are_named(rows: object, words: str) -> None:
    with pytest.raises(FetchError) as caught:
        lines_in(rows, 2019)
    assert words in str(caught.value)


def test_fields_nobody_reads_may_be_anything() -> None:
    assert games_in([game(1, venue=["?"], playoff=None, brandNew={"a": 1})], 2019)[0].home_team == "Alpha"
