"""Ask the CollegeFootballData (CFBD) API, version 2: two endpoints, one key, bounded patience.

The key travels in one header, over https or to this machine only. Redirects are never followed, and network
errors are raised anew rather than chained, so that no traceback leads to the request that carried the key.
"""

from __future__ import annotations

import ipaddress
import math
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn, Self

import httpx2
import tenacity

from weighin._base.errors import FetchError, InputError
from weighin._football.key import KEY_VARIABLE, WHERE_KEYS_COME_FROM, ApiKey
from weighin._football.records import Endpoint, decode

BASE_URL = "https://api.collegefootballdata.com"
# seconds one try may be put off; an API that asks for more is left alone
LONGEST_WAIT = 300
# of an answer, unpacked; a whole season has about one
MOST_BYTES = 32 * 2**20
# characters of the server's own words shown in a message
_OWN_WORDS = 200


class UnavailableError(FetchError):
    """A failure after which the same request may succeed later."""


class _TryAgain(FetchError):
    """A failure that may pass; `wait` is the time the server asked for, in seconds."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


@dataclass(frozen=True)
class _Reply:
    status: int
    # tracebacks print local variables, and these may repeat the key
    headers: httpx2.Headers = field(repr=False)
    content: bytes = field(repr=False)


class _Bearer(httpx2.Auth):
    """Puts the key into the one header httpx2 masks; a plain dict would sit in local variables."""

    def __init__(self, key: ApiKey) -> None:
        self._key = key

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        request.headers["Authorization"] = self._key.header()
        yield request


class Client:
    """One connection to the API."""

    def __init__(
        self,
        key: ApiKey | None,
        base_url: str = BASE_URL,
        *,
        timeout: float = 30.0,
        attempts: int = 5,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.base_url = check_base_url(base_url)
        self.calls_left: int | None = None
        self._key = key
        self._attempts = attempts
        self._sleep = sleep
        self._now = now
        self._say = say
        try:
            # a proxy from the environment would see what plain http carries, so only https may take one
            self._http = httpx2.Client(
                timeout=timeout, follow_redirects=False, trust_env=self.base_url.startswith("https:")
            )
        except (ImportError, ValueError) as error:
            problem = str(error)
        else:
            return
        raise FetchError(
            f"The proxy set in the environment (HTTPS_PROXY, ALL_PROXY) cannot be used: {problem}"
        )

    def __repr__(self) -> str:
        return f"Client({self.base_url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, endpoint: Endpoint, year: int) -> str:
        """Ask for a regular season and give the answer as it came: JSON text."""
        if self._key is None:
            raise FetchError(
                f"An API key is needed to ask for /{endpoint} of {year}: set {KEY_VARIABLE} or pass "
                f"--api-key-file FILE; {WHERE_KEYS_COME_FROM}."
            )
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_TryAgain),
            stop=tenacity.stop_after_attempt(self._attempts),
            wait=self._wait,
            sleep=self._sleep,
            before_sleep=self._tell,
            retry_error_callback=self._give_up,
        )
        body: str = retrying(self._once, endpoint, year, self._key)
        return body

    def _once(self, endpoint: Endpoint, year: int, key: ApiKey) -> str:
        response = self._send(endpoint, year, key)
        left = response.headers.get("X-CallLimit-Remaining", "")
        if left.isascii() and left.isdigit():
            self.calls_left = int(left[:12])
        where = f"/{endpoint} for {year}"
        if response.status != 200:
            self._refused(response, where, key)
        try:
            body = response.content.decode("utf-8-sig")
            decode(body)
        except ValueError as error:
            kind = (
                "is not UTF-8"
                if isinstance(error, UnicodeDecodeError)
                else f"is cut off or not JSON: {error}"
            )
        else:
            if not key.occurs_in(body):
                return body
            # some tracebacks print local variables
            del body
            raise FetchError(
                f"The answer of {where} repeats the API key and was not kept; is --base-url right?"
            )
        raise _TryAgain(f"The answer of {where} ({len(response.content):,} bytes) {kind}.")

    def _send(self, endpoint: Endpoint, year: int, key: ApiKey) -> _Reply:
        try:
            with self._http.stream(
                "GET",
                f"{self.base_url}/{endpoint}",
                params={"year": year, "seasonType": "regular"},
                headers={"Accept": "application/json", "User-Agent": "weighin"},
                auth=_Bearer(key),
            ) as response:
                content = bytearray()
                for part in response.iter_bytes():
                    content += part
                    if len(content) > MOST_BYTES:
                        break
                else:
                    return _Reply(response.status_code, response.headers, bytes(content))
            problem = ""
        except httpx2.TimeoutException as error:
            problem = f"no answer in time ({type(error).__name__})"
        except httpx2.ConnectError as error:
            problem = f"no connection ({key.hide(str(error)) or 'refused'})"
        except httpx2.HTTPError as error:
            problem = f"the answer broke off ({type(error).__name__}: {key.hide(str(error))})"
        # raised out here, the error has no context that leads to the request
        if not problem:
            raise FetchError(
                f"The answer of /{endpoint} for {year} is longer than {MOST_BYTES:,} bytes and was not kept; is "
                "--base-url right?"
            )
        raise _TryAgain(f"Asking {self.base_url} for /{endpoint} of {year}: {problem}.")

    def _refused(self, response: _Reply, where: str, key: ApiKey) -> NoReturn:
        status = response.status
        words = key.hide(_own_words(response))
        said = f' The server says: "{words[:_OWN_WORDS]}"' if words else ""
        if status == 401:
            raise FetchError(
                f"The API does not accept the key (401). Check it for typos; {WHERE_KEYS_COME_FROM}."
            )
        if status == 403:
            raise FetchError(f"The API forbids {where} with this key (403).{said}")
        wait = retry_after(response.headers.get("Retry-After"), self._now())
        if status == 429 and wait is None and "quota" in words.casefold():
            raise UnavailableError(
                f"The key's calls for this month are used up (429): "
                f"wait for the next month or use another key.{said}"
            )
        if status == 429 or status >= 500:
            if wait is not None and wait > LONGEST_WAIT:
                raise UnavailableError(
                    f"The API asks to wait {wait:,.0f} s before {where} ({status}); weighin waits at most "
                    f"{LONGEST_WAIT} s. Run the same command later.{said}"
                )
            raise _TryAgain(f"The API did not answer {where} ({status}).{said}", wait)
        if 300 <= status < 400:
            host = key.hide(_host(response.headers.get("Location", ""))) or "another address"
            raise FetchError(
                f"{self.base_url} redirects ({status}) to {host!r}; "
                "the key is not sent on. Pass --base-url if the API has moved."
            )
        raise FetchError(f"The API did not accept the request for {where} ({status}).{said}")

    def _wait(self, state: tenacity.RetryCallState) -> float:
        wait_asked_for = getattr(_failure(state), "wait", None)
        backoff = tenacity.wait_exponential_jitter(initial=1, max=30, jitter=1)
        return float(wait_asked_for) if wait_asked_for is not None else backoff(state)

    def _tell(self, state: tenacity.RetryCallState) -> None:
        seconds = math.ceil(state.next_action.sleep) if state.next_action else 0
        self._say(
            f"{_failure(state)} Waiting {seconds} s, then try {state.attempt_number + 1} of {self._attempts}."
        )

    def _give_up(self, state: tenacity.RetryCallState) -> NoReturn:
        tries = "1 try" if self._attempts == 1 else f"{self._attempts} tries"
        raise UnavailableError(f"{_failure(state)} Gave up after {tries}; run the same command later.")


def check_base_url(url: str) -> str:
    """Give `url` without a trailing slash if a key may be sent there."""
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL:
        parsed = httpx2.URL("")
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise InputError(
            f"The base URL must look like {BASE_URL}; this one has no readable https:// and host."
        )
    if parsed.userinfo or parsed.query or parsed.fragment:
        raise InputError(
            f"The base URL must be a host, a port and a path, like {BASE_URL}; "
            "this one has a user, a query or a fragment (not shown)."
        )
    if parsed.scheme == "http" and not _is_this_machine(parsed.host):
        raise InputError(
            f"The key is sent over https only (http to this machine alone), got http://{parsed.host}. "
            f"Use https://{parsed.host}."
        )
    return str(parsed).rstrip("/")


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds a ``Retry-After`` header asks for (a number or an HTTP date), None where it is unusable."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:12])
    try:
        then = parsedate_to_datetime(text)
    except ValueError:
        return None
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    return max(0.0, (then - now).total_seconds())


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _own_words(response: _Reply) -> str:
    """What the server says about a failure, on one line and safe to print."""
    try:
        answer: Any = decode(response.content)
    except ValueError:
        # an HTML page of a proxy helps nobody
        return ""
    words = answer.get("message") if isinstance(answer, dict) else None
    text = words if isinstance(words, str) else ""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _host(location: str) -> str:
    try:
        return httpx2.URL(location).host
    except (httpx2.InvalidURL, ValueError):
        return ""


def _failure(state: tenacity.RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None
