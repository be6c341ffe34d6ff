"""The files to fetch and their known properties."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from cellpheno.core.errors import StudyError
from cellpheno.fetching import web

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
"""Suffixes of archives; parts are unpacked with the last one."""
_BLOCK = 1 << 20


@dataclasses.dataclass(frozen=True)
class File:
    """A file of a data set: its name in the folder, its address, and its known properties.

    Sizes are in bytes. Hashes are hexadecimal; `git_blob` is git's. The first digits of a hash
    are enough, such as in the names of PyTorch's weights, to show damage, but not forgery.
    """

    name: str
    url: str
    size: int | None = None
    max_size: int | None = None
    md5: str | None = None
    sha256: str | None = None
    git_blob: str | None = None

    @property
    def hashes(self) -> dict[str, str]:
        """The known hashes by kind, in lower case."""
        known = {kind: getattr(self, kind) for kind in ("sha256", "md5", "git_blob")}
        return {kind: value.lower() for kind, value in known.items() if value}

    def misfit(self, size: int, hashes: Mapping[str, str] | None = None) -> str | None:
        """Return how a size or content differs from the known one; None if it fits."""
        if self.size is not None and size != self.size:
            return f"has {size:,} bytes instead of {self.size:,}"
        if self.max_size is not None and size > self.max_size:
            return f"has {size:,} bytes, more than the {self.max_size:,} of max_size"
        if hashes is None:
            return None
        for kind, expected in self.hashes.items():
            if not hashes[kind].startswith(expected):
                return f"has the {kind} {hashes[kind]} instead of {expected}"
        return None


def files(settings: Mapping[str, Any]) -> list[File]:
    """Return the files of the config's section `fetch`, those with an address first.

    Raises a StudyError when figshare does not list an article's files, or names are repeated.
    """
    declared = [
        File(**{**entry, "name": entry["name"] or unquote(Path(urlsplit(entry["url"]).path).name)})
        for entry in settings["files"]
    ]
    for article in settings["figshare"]:
        declared += _figshare(settings["figshare_api"], article)
    names = [file.name.lower() for file in declared]
    for file in declared:
        if names.count(file.name.lower()) > 1:
            raise StudyError(
                f"fetch declares two files named {file.name}; give one of them another `name`."
            )
    return declared


def content_hashes(path: Path) -> dict[str, str]:
    """Return the hashes of a file's content by kind."""
    blob = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    md5 = hashlib.md5(usedforsecurity=False)
    digests = {"sha256": hashlib.sha256(), "md5": md5, "git_blob": blob}
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            for digest in digests.values():
                digest.update(block)
    return {kind: digest.hexdigest() for kind, digest in digests.items()}


def _figshare(api: str, article: Mapping[str, Any]) -> list[File]:
    """Return the files of a figshare article, with sizes and MD5."""
    version = f"/versions/{article['version']}" if article["version"] else ""
    url = f"{api.rstrip('/')}/articles/{article['article']}{version}"
    try:
        with web.request(url) as response:
            answer = response.read(10 * _BLOCK)
    except web.BROKEN as error:
        raise StudyError(f"{url} cannot be reached ({error}); try again later.") from error
    try:
        return [
            File(
                name=entry["name"],
                url=entry["download_url"],
                size=int(entry["size"]),
                md5=entry.get("computed_md5") or entry.get("supplied_md5"),
            )
            for entry in json.loads(answer)["files"]
            if not entry.get("is_link_only")
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StudyError(
            f"{url} does not return figshare's list of files with name, size and download_url; "
            "check fetch.figshare, or declare the files in fetch.files."
        ) from error
