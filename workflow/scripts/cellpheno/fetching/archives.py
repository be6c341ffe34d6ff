"""Archives unpacked into a folder, and nowhere else."""

import logging
import os
import re
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from cellpheno.errors import StudyError
from cellpheno.fetching import split_zip
from cellpheno.files import whole
from cellpheno.progress import track

logger = logging.getLogger(__name__)

MAX_GROWTH = 200
"""How many times larger than the archive its content may be; images seldom shrink to a tenth."""
_SMALL = 100_000_000
"""Bytes that any archive may unpack to."""
_BLOCK = 1 << 20
_DAMAGED = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError, RuntimeError)


class Member(NamedTuple):
    """A file in an archive, before it is unpacked."""

    name: str
    size: int
    """In bytes, as the archive says; more is not unpacked."""
    is_folder: bool
    is_file: bool
    """Whether it is a plain file: no link, no device."""


def unpack(path: Path, folder: Path) -> list[Path]:
    """Unpack a zip archive (of one part or several) or a tar archive; return its files.

    Everything is looked at before the first file is written. Files that are there are replaced,
    each at once when it is whole.

    Parameters
    ----------
    path
        The archive; of several parts the last one, `.zip`.
    folder
        Where its content goes.

    Raises
    ------
    StudyError
        When a part is missing or damaged, when a name leads out of the folder, when it holds links,
        devices, passwords or a name twice, and when its content would be larger than
        `MAX_GROWTH` times the archive, or than the disk has room for.
    """
    if path.suffix.lower() == ".zip":
        parts = split_zip.parts(path)
        opened = _zip(path, parts)
    else:
        parts = [path]
        opened = _tar(path)
    with opened as (members, open_member):
        targets = _checked(members, path, folder, sum(part.stat().st_size for part in parts))
        work = track(targets, f"files of {path.name}", len(targets))
        for member, target in work:
            with whole(target) as temporary:
                _copy(open_member(member), temporary, member, path)
    return [target for _, target in targets]


def safe_target(name: str, folder: Path) -> Path:
    """Return where a member of an archive goes.

    Raises
    ------
    ValueError
        When its name leads out of the folder: absolute, with `..`, a drive, a backslash, or by a
        link that lies in the folder already.
    """
    pure = PurePosixPath(name)
    odd = "\\" in name or "\0" in name or re.match(r"[A-Za-z]:", name)
    if odd or pure.is_absolute() or ".." in pure.parts or not pure.parts:
        raise ValueError(f"the name {name!r} leads out of the folder")
    target = folder / pure
    if not target.parent.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"a link in {folder} would lead {name!r} out of it")
    return target


def _checked(
    members: Iterable[Member], path: Path, folder: Path, packed: int
) -> list[tuple[Member, Path]]:
    """Return the files of an archive and where they go, or refuse it as a whole."""
    targets: dict[str, tuple[Member, Path]] = {}
    total, most = 0, max(MAX_GROWTH * packed, _SMALL)
    for member in members:
        try:
            target = safe_target(member.name, folder)
        except ValueError as error:
            raise _refused(path, str(error)) from error
        if member.is_folder:
            continue
        if not member.is_file:
            raise _refused(path, f"{member.name!r} is a link or a device")
        key = str(target).lower()
        if key in targets:
            raise _refused(path, f"{member.name!r} is in it twice")
        targets[key] = member, target
        total += member.size
        if total > most:
            raise _refused(
                path,
                f"its content is more than {MAX_GROWTH} times as large as it ({total:,} bytes)",
            )
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if total > free:
        raise StudyError(
            f"{path} unpacks to {total:,} bytes, but {folder} has room for {free:,}; make room, or "
            "set fetch.folder to another disk."
        )
    return list(targets.values())


@contextmanager
def _zip(path: Path, parts: list[Path]) -> Iterator[tuple]:
    with _in_words(path):
        stream = split_zip.joined(parts) if len(parts) > 1 else path.open("rb")
        with stream, zipfile.ZipFile(stream) as archive:
            known = {info.filename: info for info in archive.infolist()}
            if any(info.flag_bits & 1 for info in known.values()):
                raise _refused(path, "it is protected by a password")
            yield (
                [_zip_member(info) for info in archive.infolist()],
                lambda m: archive.open(known[m.name]),
            )


def _zip_member(info: zipfile.ZipInfo) -> Member:
    kind = stat.S_IFMT(info.external_attr >> 16)
    plain = kind in (0, stat.S_IFREG)
    return Member(info.filename, info.file_size, info.is_dir(), plain)


@contextmanager
def _tar(path: Path) -> Iterator[tuple]:
    with _in_words(path), tarfile.open(path) as archive:
        members = (Member(i.name, i.size, i.isdir(), i.isreg()) for i in archive)
        yield members, lambda member: archive.extractfile(archive.getmember(member.name))


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    try:
        yield
    except StudyError:
        raise
    except NotImplementedError as error:
        raise _refused(path, f"it is packed in a way that is not read ({error})") from error
    except _DAMAGED as error:
        raise StudyError(
            f"{path} cannot be unpacked ({error}): it, or one of its parts, is damaged or cut "
            "short; remove it and fetch it again."
        ) from error


def _copy(source: IO[bytes], target: Path, member: Member, path: Path) -> None:
    """Write the content of a member, of exactly the size that the archive says."""
    left = member.size
    with source, target.open("wb") as stream:
        while block := source.read(_BLOCK):
            left -= len(block)
            if left < 0:
                break
            stream.write(block)
        os.fchmod(stream.fileno(), 0o644)
    if left:
        raise _refused(path, f"{member.name!r} is larger or smaller than it says")


def _refused(path: Path, why: str) -> StudyError:
    return StudyError(
        f"{path} is not unpacked: {why}; look at it, and unpack it by hand if it is good."
    )
