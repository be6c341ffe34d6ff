"""Which files are to be fetched, and what is known of them before."""

import dataclasses
import hashlib
import json
import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cellpheno.errors import StudyError
from cellpheno.fetching import web

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
"""Endings of what is unpacked."""
_BLOCK = 1 << 20


@dataclasses.dataclass(frozen=True)
class File:
    """One file of a data set.

    Attributes
    ----------
    name
        Below the folder of the data set.
    url
        Where it is, http or https.
    size
        In bytes; None where it is not known.
    max_size
        Bytes that it may have at most, where its size is not known.
    md5, sha256
        Of the content, in hexadecimal digits; None where not known. The first digits do, at
        least eight of SHA-256 or six of MD5, as the names of PyTorch's and detectron2's weights
        tell them: they show damage, not forgery.
    git_blob
        The name that git gives the content (SHA-1 of its length and itself), for files that are
        kept in a repository.
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

    @property
    def is_archive(self) -> bool:
        """Whether it is to be unpacked; parts of an archive are unpacked with its last one."""
        return self.name.lower().endswith(ARCHIVES)


def files(settings: Mapping[str, Any], opener: web.Opener | None = None) -> list[File]:
    """Return what the config's section `fetch` declares, its own files first.

    An article of figshare is asked for its files, their sizes and their MD5.

    Raises
    ------
    StudyError
        When an article cannot be asked, or two files have the same name.
    """
    declared = [
        File(**{**entry, "name": entry["name"] or _name(entry["url"])})
        for entry in settings["files"]
    ]
    for article in settings["figshare"]:
        declared += _figshare(settings["figshare_api"], article, opener)
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


def misfit(path: Path, file: File, hashes: Mapping[str, str]) -> str | None:
    """Return in words how a file differs from what is known of it; None where it fits."""
    size = path.stat().st_size
    if file.size is not None and size != file.size:
        return f"has {size:,} bytes instead of {file.size:,}"
    if file.max_size is not None and size > file.max_size:
        return f"has {size:,} bytes, more than the {file.max_size:,} that it may have"
    for kind, expected in file.hashes.items():
        if not hashes[kind].startswith(expected):
            return f"has the {kind} {hashes[kind]} instead of {expected}"
    return None


def _name(url: str) -> str:
    """Return the last part of an address's path, as the name of its file."""
    return urllib.parse.unquote(urllib.parse.urlsplit(url).path).rsplit("/", 1)[-1]


def _figshare(api: str, article: Mapping[str, Any], opener: web.Opener | None) -> list[File]:
    """Return the files of an article of figshare, as its interface tells them."""
    version = f"/versions/{article['version']}" if article["version"] else ""
    url = f"{api.rstrip('/')}/articles/{article['article']}{version}"
    text = web.text(url, opener)
    try:
        return [
            File(
                name=entry["name"],
                url=entry["download_url"],
                size=int(entry["size"]),
                md5=entry.get("computed_md5") or entry.get("supplied_md5") or None,
            )
            for entry in json.loads(text)["files"]
            if not entry.get("is_link_only")
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StudyError(
            f"{url} does not answer as figshare does (no list of files with name, size and "
            "download_url); check fetch.figshare, or declare the files in fetch.files."
        ) from error
