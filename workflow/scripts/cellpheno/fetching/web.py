"""Request http and https addresses only, not local files or ftp."""

import urllib.request
from collections.abc import Mapping
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit

from cellpheno.core.errors import StudyError

BROKEN = (OSError, HTTPException)
"""Errors of a failed connection; a later attempt may succeed."""
_PASSING = (408, 416, 425, 429)
"""Statuses below 500 that a later attempt may change."""
_TIMEOUT = 60.0
"""Seconds without a byte after which a connection is broken."""


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follow redirects to http and https, but not from https to http."""

    def redirect_request(self, request: urllib.request.Request, *answer: Any) -> Any:
        target = answer[-1]
        if urlsplit(target).scheme not in {"https", request.type}:
            raise StudyError(
                f"{request.full_url} leads to {target}, which is not safe to follow; give the "
                "address of the file itself."
            )
        return super().redirect_request(request, *answer)


def request(url: str, headers: Mapping[str, str] | None = None) -> HTTPResponse:
    """Open an address.

    Raises
    ------
    StudyError
        For an address that is not http or https, and for a permanent error such as 404.
    OSError, HTTPException
        When the connection fails (`BROKEN`); a later attempt may succeed.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise StudyError(f"{url} is not an http or https address; use one of those.")
    asked = urllib.request.Request(url, headers={"User-Agent": "cellpheno", **(headers or {})})
    try:
        return urllib.request.build_opener(_Redirects).open(asked, timeout=_TIMEOUT)
    except HTTPError as error:
        if error.code >= 500 or error.code in _PASSING:
            raise
        raise StudyError(
            f"{url} answers {error.code} ({error.reason}); correct the address in the config's "
            "section fetch, or fetch the file by hand."
        ) from error
