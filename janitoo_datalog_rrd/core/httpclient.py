"""Asking other servers over HTTP: one connection kept open, certificates checked, every answer sorted into what to do next."""

from __future__ import annotations

import base64
import logging
import ssl
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from .errors import JanitooError, StartError

TIMEOUT_S = 20.0
"""How long a connect, and each read, may take."""
MAX_ANSWER = 1 << 20
"""Bytes of an answer that are read."""
_TELLS_ADDRESSES = ("urllib3.connectionpool", "urllib3.poolmanager", "urllib3.util.retry")
_AGAIN = frozenset((408, 425, 429))
_ABOUT_OURS = ("ALERT_CERTIFICATE", "ALERT_BAD_CERTIFICATE", "ALERT_UNKNOWN_CA", "ALERT_NO_CERTIFICATE")
_SECOND_THOUGHTS = frozenset((401, 403, 404, 407))


class HttpAddress(NamedTuple):
    """Where requests go.

    Attributes:
        url: without user and password; it may have a token in it all the same.
        headers: what user and password of the URL become.
        place: scheme, host and port: all of it that may be shown.
    """

    url: str
    headers: Mapping[str, str]
    place: str

    def __repr__(self) -> str:
        return f"HttpAddress({self.place})"

    @property
    def encrypted(self) -> bool:
        """Whether it is `https`."""
        return self.place.startswith("https:")

    @classmethod
    def parse(cls, text: str) -> HttpAddress:
        """Read a URL. Raises ValueError, whose message says what was expected and has nothing of the URL in it."""
        try:
            parts = urlsplit(text)
            port, host = parts.port, parts.hostname
            if host is not None:
                host.encode("idna")  # as the look-up does it
            user, password = unquote(parts.username or ""), unquote(parts.password or "")
        except ValueError:
            host = None
        if not host or parts.scheme not in ("http", "https") or any(each <= " " or each == "\x7f" for each in text):
            raise ValueError("is not a URL of a web server: expected such as https://example.org/path")
        name = (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
        headers = {}
        if user or password:
            headers["Authorization"] = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        return cls(parts._replace(netloc=name, fragment="").geturl(), headers, f"{parts.scheme}://{name}")


class UnreachableError(JanitooError):
    """No answer came; the message says why, in words for people, and has no secret in it."""


class Answer(NamedTuple):
    """What a server answered.

    Attributes:
        status: HTTP status.
        body: at most `MAX_ANSWER` bytes.
        retry_after_s: how long it asks to be left alone; 0 where it does not.
    """

    status: int
    body: bytes
    retry_after_s: float

    @property
    def taken(self) -> bool:
        """It has what was sent."""
        return 200 <= self.status < 300

    @property
    def again(self) -> bool:
        """It may take the same thing later: it is busy, broken, or not set up for us yet (RFC 9110, RFC 6585).

        A status below 200 is no answer yet: 102 and 103 come before one, and the standard library takes them for it.
        """
        return not 200 <= self.status < 300 and (not 400 <= self.status < 500 or self.status in _AGAIN | _SECOND_THOUGHTS)


class _Silence(logging.Filter):
    """Lets nothing pass: what urllib3 logs has paths in it, which may be all that keeps others from writing to a place."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is logged."""
        return False


_SILENCE = _Silence()


class HttpClient:
    """Sends requests to one server, without a proxy, whatever the environment says. It may be used from one thread at a time.

    Args:
        ca_file: certificates of the authorities that are trusted; empty for the system's.
        timeout_s: how long a connect, and each read, may take.
        cert_file: our own certificate, for a server that asks for one; empty for none.
        key_file: its key; empty where it stands in the certificate's file.

    Raises:
        StartError: the certificates or the key cannot be loaded.
    """

    def __init__(self, ca_file: str = "", timeout_s: float = TIMEOUT_S, cert_file: str = "", key_file: str = "") -> None:
        try:
            context = ssl.create_default_context(cafile=ca_file or None)
        except (OSError, ssl.SSLError) as error:
            raise StartError(f"the certificates in {ca_file} cannot be loaded: {error}") from error
        try:
            if cert_file:
                context.load_cert_chain(cert_file, key_file or None, password="")  # nobody is there to be asked for one
        except (OSError, ValueError) as error:
            files = f"{cert_file} and {key_file}" if key_file else cert_file
            raise StartError(f"our certificate and its key in {files} cannot be loaded: {error}") from error
        for name in _TELLS_ADDRESSES:
            logging.getLogger(name).addFilter(_SILENCE)  # whatever level the ini gives them
        self._used = False  # whether there may be a connection from before
        self._pool = urllib3.PoolManager(
            1, ssl_context=context, timeout=urllib3.Timeout(connect=timeout_s, read=timeout_s), retries=False, maxsize=1
        )

    def send(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send one request and read the answer; redirects are not followed, since a token may not go elsewhere.

        A server may have hung up on a connection that nobody used for a while: then it is sent once more, on a new one.

        Raises:
            UnreachableError: there was no answer, or none that is HTTP.
        """
        try:
            answer = self._ask(method, url, body, headers)
        except UnreachableError as error:
            used, self._used = self._used, False
            if not used or isinstance(error.__cause__, urllib3.exceptions.TimeoutError):
                raise
            answer = self._ask(method, url, body, headers)
        self._used = True
        return answer

    def close(self) -> None:
        """Close the connection."""
        self._pool.clear()

    def _ask(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send one request. Raises UnreachableError."""
        try:
            response = self._pool.request(method, url, body=body, headers=dict(headers), preload_content=False)
            try:
                # as it came: nothing compressed was asked for, and what calls itself so may be broken, or grow without end
                content = response.read(MAX_ANSWER, decode_content=False)
                whole = response.status >= 200 and not response.read(1, decode_content=False)
                if not whole:
                    response.close()
            finally:
                response.release_conn()
            if not whole:
                self._pool.clear()  # what follows is not wanted, and would pass for the answer to another request
        except (HTTPError, OSError, ValueError) as error:
            raise UnreachableError(_why(error)) from error
        return Answer(response.status, content, _seconds(response.headers.get("Retry-After", "")))


def _why(error: BaseException) -> str:
    """Why there was no answer, without the address that was asked, which may have a token in it."""
    reason: BaseException = error
    while True:
        inner = getattr(reason, "reason", None) or reason.__cause__ or reason.__context__
        if not isinstance(inner, BaseException) or inner is reason:
            break
        reason = inner
    if isinstance(reason, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({reason.verify_message})"
    if isinstance(reason, ssl.SSLError) and any(each in (reason.reason or "") for each in _ABOUT_OURS):
        return f"it wants a certificate of ours that it trusts ({reason.reason})"
    if isinstance(reason, ssl.SSLError):
        return f"it does not speak TLS with us ({reason.reason or 'no reason given'})"
    if isinstance(reason, TimeoutError):
        return "it does not answer in time"
    if isinstance(reason, OSError) and reason.strerror:
        return f"it cannot be reached ({reason.strerror})"
    return f"it does not answer as a web server does ({type(reason).__name__})"


def _seconds(header: str) -> float:
    """The seconds of a `Retry-After`; a date there, which is rare, is taken as none."""
    return float(header) if header.isascii() and header.isdigit() and len(header) < 6 else 0.0
