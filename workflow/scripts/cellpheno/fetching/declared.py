"""Which files are to be fetched, and what is known of them before."""

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
"""Endings of what is unpacked; parts of an archive are unpacked with its last one."""
_BLOCK = 1 << 20


@dataclasses.dataclass(frozen=True)
class File:
    """One file of a data set: its name below the folder, its address, and what is known of it.

    Sizes are in bytes. Hashes are hexadecimal, `git_blob` is the name that git gives a content.
    The first digits of a hash are enough, as the names of PyTorch's and detectron2's weights have
    them: they show damage, not forgery.
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
        """What is known of the content, by the kind of hash."""
        known = {kind: getattr(self, kind) for kind in ("sha256", "md5", "git_blob")}
        return {kind: value.lower() for kind, value in known.items() if value}

    def misfit(self, size: int, hashes: Mapping[str, str] | None = None) -> str | None:
        """Return in words how a size or content differs from what is known; None if it fits."""
        if self.size is not None and size != self.size:
            return f"has {size:,} bytes instead of {self.size:,}"
        if self.max_size is not None and size > self.max_size:
            return f"has {size:,} bytes, more than the {self.max_size:,} of max_size"
        for kind, expected in self.hashes.items() if hashes else ():
            if not hashes[kind].startswith(expected):
                return f"has the {kind} {hashes[kind]} instead of {expected}"
        return None


def files(settings: Mapping[str, Any]) -> list[File]:
    """Return what the config's section `fetch` declares, its own files first.

    Raises
    ------
    StudyError
        When figshare does not list the files of an article, or two files have the same name.
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
    """Return the hashes of a file's content, in one pass."""
    blob = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    md5 = hashlib.md5(usedforsecurity=False)
    digests = {"sha256": hashlib.sha256(), "md5": md5, "git_blob": blob}
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            for digest in digests.values():
                digest.update(block)
    return {kind: digest.hexdigest() for kind, digest in digests.items()}


def _figshare(api: str, article: Mapping[str, Any]) -> list[File]:
    """Return the files of an article of figshare, with their sizes and MD5."""
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
            f"{url} does not answer as figshare does (no list of files with name, size and "
            "download_url); check fetch.figshare, or declare the files in fetch.files."
        ) from error
