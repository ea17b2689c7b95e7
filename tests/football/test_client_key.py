"""The key goes to the server alone, and into no text."""

from __future__ import annotations

import gc
import logging
from pathlib import Path

import pytest
from client_calls import Patience, failure, shown
from server import KEY, Api, Reply, game

from weighin._base.errors import FetchError, InputError
from weighin._football.client import Client, check_base_url
from weighin._football.key import ApiKey, read_key


def test_a_redirect_does_not_carry_the_key_anywhere(api: Api) -> None:
    with Api() as elsewhere:
        targets = (
            "//evil.example/x",
            "http://[broken",
            "",
            "javascript:alert(1)",
            "odd+scheme://x/y",
            "data:,x",
            "x:",
        )
        for target in (elsewhere.url + "/games", f"http://{KEY.upper()}.example/", f"odd://{KEY}/", *targets):
            message = failure(api, Reply(302, b"", {"Location": target}))
            assert "redirects" in message
            assert KEY.lower() not in message.lower()
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
