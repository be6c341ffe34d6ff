"""Archives unpacked into a folder, and nowhere else."""

import bz2
import gzip
import logging
import lzma
import os
import re
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from cellpheno import made_files
from cellpheno.errors import StudyError
from cellpheno.fetching import split_zip
from cellpheno.files import whole
from cellpheno.progress import track

logger = logging.getLogger(__name__)

MAX_GROWTH = 200
"""How many times larger than the archive its content may be; images seldom shrink to a tenth."""
MAX_MEMBERS = 500_000
"""Files and folders that an archive may have; each takes a kilobyte of memory."""
_SMALL = 100_000_000
"""Bytes that any archive may unpack to."""
_BLOCK = 1 << 20
_DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    RuntimeError,
)
_COMPRESSIONS = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\0": lzma.open}
"""How a file is decompressed, by its first bytes."""


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

    Everything is looked at before the first file is written. Files that an archive has left there
    are replaced, each at once when it is whole; others stay, and are refused if they differ.

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
        devices, passwords, a name twice, what would replace a user's file, or more than
        `MAX_MEMBERS` files and folders, and when its content is larger than `MAX_GROWTH` times
        the archive, or than the disk has room for.
    """
    is_zip = path.suffix.lower() == ".zip"
    parts = split_zip.parts(path) if is_zip else [path]
    most = max(MAX_GROWTH * sum(part.stat().st_size for part in parts), _SMALL)
    opened = _zip(path, parts) if is_zip else _tar(path, most)
    with opened as (members, open_member):
        targets = _checked(members, path, folder, most)
        found = [target for _, target in targets]
        targets = _without_own(targets, folder, open_member, path)
        made_files.claim(folder, (str(target.relative_to(folder)) for _, target in targets))
        work = track(targets, f"files of {path.name}", len(targets))
        for member, target in work:
            with whole(target) as temporary:
                _copy(open_member(member), temporary, member, path)
    return found


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
    if pure.name == made_files.MADE:
        raise ValueError(f"the name {name!r} is that of the list of what was unpacked")
    target = folder / pure
    if not target.parent.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f"a link in {folder} would lead {name!r} out of it")
    return target


def _checked(
    members: Iterable[Member], path: Path, folder: Path, most: int
) -> list[tuple[Member, Path]]:
    """Return the files of an archive and where they go, or refuse it as a whole."""
    targets: dict[str, tuple[Member, Path]] = {}
    total = 0
    for number, member in enumerate(members, start=1):
        if number > MAX_MEMBERS:
            raise _refused(path, f"it holds more than {MAX_MEMBERS:,} files and folders")
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
            raise _too_large(path)
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
def _tar(path: Path, most: int) -> Iterator[tuple]:
    """Open a tar archive, decompressed as its members are looked at and not beyond `most`."""
    with _in_words(path), path.open("rb") as packed:
        begin = packed.peek(8)
        found = [how for start, how in _COMPRESSIONS.items() if begin.startswith(start)]
        stream = found[0](packed) if found else packed
        bounded = _Bounded(stream, most, path)
        with stream, tarfile.open(fileobj=bounded, mode="r:") as archive:
            known = {}

            def members() -> Iterator[Member]:
                for info in archive:
                    known[info.name] = info
                    yield Member(info.name, info.size, info.isdir(), info.isreg())
                while found and bounded.read(_BLOCK):
                    pass  # only at its end does a compressed file show whether it was spoilt

            yield members(), lambda member: archive.extractfile(known[member.name])


class _Bounded:
    """A decompressed stream that refuses to go on behind its limit, or to hand out much at once."""

    def __init__(self, stream: IO[bytes], most: int, path: Path) -> None:
        self._stream, self._most, self._path = stream, most, path
        self.tell = stream.tell

    def read(self, size: int) -> bytes:
        if size > _BLOCK:  # files are copied in blocks: only a name is ever asked for whole
            raise _refused(self._path, f"a name in it is {size:,} bytes long")
        block = self._stream.read(size)
        self._check(self._stream.tell())
        return block

    def seek(self, place: int) -> int:
        self._check(place)
        return self._stream.seek(place)

    def _check(self, place: int) -> None:
        if place > self._most:
            raise _too_large(self._path)


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


def _without_own(
    targets: list[tuple[Member, Path]],
    folder: Path,
    open_member: Callable[[Member], IO[bytes]],
    path: Path,
) -> list[tuple[Member, Path]]:
    """Leave out files that the user has already, and refuse those with another content."""
    made = made_files.read(folder)
    wanted = []
    for member, target in targets:
        if not os.path.lexists(target) or str(target.relative_to(folder)) in made:
            wanted.append((member, target))
        elif not _is_same(open_member(member), target):
            raise StudyError(
                f"{path} is not unpacked: it would replace {target}, which is there already, "
                "differs from the file in the archive and was not fetched; move it away."
            )
    return wanted


def _is_same(source: IO[bytes], target: Path) -> bool:
    if target.is_symlink() or not target.is_file():
        return False
    with source, target.open("rb") as stream:
        while block := source.read(_BLOCK):
            if stream.read(len(block)) != block:
                return False
        return not stream.read(1)


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


def _too_large(path: Path) -> StudyError:
    return _refused(path, f"its content is more than {MAX_GROWTH} times as large as it")


def _refused(path: Path, why: str) -> StudyError:
    return StudyError(
        f"{path} is not unpacked: {why}; look at it, and unpack it by hand if it is good."
    )
