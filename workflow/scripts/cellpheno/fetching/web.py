"""Requests over http and https, and nothing else: no local files, no ftp."""

import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException, HTTPResponse
from typing import Any

from cellpheno.errors import StudyError

Opener = urllib.request.OpenerDirector

TIMEOUT = 60.0
"""Seconds without a byte after which a connection counts as broken."""
BROKEN = (OSError, HTTPException)
"""What a connection that fails raises; a later attempt may succeed."""
_LONGEST = 10_000_000
"""Bytes of a text that is read whole."""


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows to http and https alone, and never from the safe to the open one."""

    def redirect_request(
        self,
        request: urllib.request.Request,
        stream: Any,
        code: int,
        message: str,
        headers: Any,
        target: str,
    ) -> urllib.request.Request | None:
        schemes = [urllib.parse.urlsplit(url).scheme for url in (request.full_url, target)]
        if schemes[1] not in ("http", "https") or schemes == ["https", "http"]:
            raise StudyError(
                f"{request.full_url} leads to {target}, which is not safe to follow; give the "
                "address of the file itself."
            )
        return super().redirect_request(request, stream, code, message, headers, target)


def opener() -> Opener:
    """Return what opens addresses, through the proxies of the environment if there are any."""
    director = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPDefaultErrorHandler,
        _Redirects,
        urllib.request.HTTPErrorProcessor,
    ):
        director.add_handler(handler())
    return director


def request(url: str, headers: Mapping[str, str], opened_by: Opener | None = None) -> HTTPResponse:
    """Open an address.

    Raises
    ------
    StudyError
        For an address that is not http or https, and for an answer that no later attempt changes,
        such as 404.
    OSError, HTTPException
        When the connection fails (`BROKEN`); a later attempt may succeed.
    """
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise StudyError(f"{url} is no http or https address, and others are not fetched.")
    own = {"User-Agent": "cellpheno", "Accept-Encoding": "identity", **headers}
    try:
        return (opened_by or opener()).open(urllib.request.Request(url, headers=own), None, TIMEOUT)
    except urllib.error.HTTPError as error:
        passing = error.code >= 500 or error.code in (408, 416, 425, 429)
        if passing:
            raise
        raise StudyError(
            f"{url} answers {error.code} ({error.reason}); correct the address in the config's "
            "section fetch, or fetch the file by hand."
        ) from error


def text(url: str, opened_by: Opener | None = None) -> str:
    """Return a short text, such as the answer of an interface.

    Raises
    ------
    StudyError
        When it cannot be had.
    """
    try:
        with request(url, {}, opened_by) as response:
            return response.read(_LONGEST).decode("utf-8", errors="replace")
    except BROKEN as error:
        raise StudyError(f"{url} cannot be reached ({error}); try again later.") from error
