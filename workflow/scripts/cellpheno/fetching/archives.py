"""Unpack archives into a folder, and nowhere else."""

import bz2
import filecmp
import gzip
import itertools
import lzma
import os
import re
import shutil
import stat
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple, cast

from cellpheno.core import made_files
from cellpheno.core.errors import StudyError
from cellpheno.core.files import whole_folder
from cellpheno.core.progress import track

MAX_GROWTH = 200
"""Largest ratio of content to archive; images rarely shrink to a tenth."""
MAX_MEMBERS = 500_000
"""Largest number of files and folders in an archive; each takes a kilobyte of memory."""
_SMALL = 100_000_000
"""Bytes to which any archive may unpack."""
_BLOCK = 1 << 20
_DAMAGED = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError)
_COMPRESSIONS: dict[bytes, Callable[[Any], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\0": lzma.open,
}
"""Decompressors by a file's first bytes."""
_END = struct.Struct("<4x2H8xL2x")
"""End of a zip archive: number of this part, part and position of the directory (from 0)."""


class _Refused(Exception):
    """The reason for not unpacking an archive."""


class _Member(NamedTuple):
    """A file in an archive, with the declared size in bytes; links are not plain."""

    name: str
    size: int
    is_folder: bool
    is_plain: bool
    open: Callable[[], IO[bytes]]


def unpack(path: Path, folder: Path) -> int:
    """Unpack a zip or tar archive and return its number of files.

    Of a multi-part zip archive, `path` is the last part, `.zip`. Files move to the folder when
    all are unpacked. They replace files from an earlier archive; other files stay, and are an
    error if they differ.

    Raises a StudyError when a part is missing or damaged, a name leads out of the folder, the
    archive contains links, devices, passwords, repeated names, a user's file or over `MAX_MEMBERS`
    entries, or the content exceeds `MAX_GROWTH` times the archive or the disk.
    """
    work = folder / ".unpacked_by_cellpheno"
    opened = _zip if path.suffix.lower() == ".zip" else _tar
    with _in_words(path), whole_folder(work) as temporary, opened(path) as (members, most):
        checked = _checked(members, path, folder, most)
        for member in track(checked, f"files of {path.name}", None):
            target = temporary / member.name
            target.parent.mkdir(parents=True, exist_ok=True)
            with member.open() as source, target.open("wb") as stream:
                shutil.copyfileobj(source, stream)
    try:
        return _move(work, folder, path)
    finally:
        shutil.rmtree(work)


def check_name(name: str, folder: Path, source: str | Path) -> None:
    """Raise a StudyError for a name that leads out of a folder or is reserved.

    The message begins with `source`.
    """
    pure = PurePosixPath(name)
    odd = "\\" in name or "\0" in name or re.match(r"[A-Za-z]:", name)
    if odd or pure.is_absolute() or ".." in pure.parts or not pure.parts:
        why = "leads out of the folder"
    elif not (folder / pure).parent.resolve().is_relative_to(folder.resolve()):
        why = f"leads out of the folder through a link in {folder}"
    elif pure.name == made_files.MADE:
        why = "is reserved for the list of unpacked files"
    else:
        return
    raise StudyError(f"{source}: the name {name!r} {why}; nothing is written under such a name.")


def _checked(members: Iterable[_Member], path: Path, folder: Path, most: int) -> Iterator[_Member]:
    """Yield the files to write, or refuse the archive."""
    names: set[str] = set()
    total = 0
    for number, member in enumerate(members, start=1):
        if number > MAX_MEMBERS:
            raise _Refused(f"it contains more than {MAX_MEMBERS:,} files and folders")
        check_name(member.name, folder, f"{path} is not unpacked")
        if member.is_folder:
            continue
        if not member.is_plain:
            raise _Refused(f"{member.name!r} is a link or a device")
        name = str(PurePosixPath(member.name)).lower()
        if name in names:
            raise _Refused(f"{member.name!r} is in it twice")
        names.add(name)
        total += member.size
        _check_size(total, most)
        yield member


def _check_size(size: int, most: int) -> None:
    if size > most:
        raise _Refused(f"its content is more than {MAX_GROWTH} times as large as it")


def _move(work: Path, folder: Path, path: Path) -> int:
    """Move unpacked files to their place, unless the user has another file there."""
    made = made_files.read(folder)
    names = [str(file.relative_to(work)) for file in sorted(work.rglob("*")) if file.is_file()]
    new = [name for name in names if name in made or not os.path.lexists(folder / name)]
    for own in (folder / name for name in sorted(set(names) - set(new))):
        is_file = own.is_file() and not own.is_symlink()
        if not is_file or not filecmp.cmp(work / own.relative_to(folder), own, shallow=False):
            raise StudyError(
                f"{path} is not unpacked: it would replace {own}, which exists, differs from the "
                "file in the archive and was not fetched; move it away."
            )
    made_files.claim(folder, new)
    for name in new:
        try:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (work / name).replace(folder / name)
        except OSError as error:
            raise StudyError(
                f"{path} is not unpacked: {folder / name} cannot be written ({error.strerror}); "
                "move away what is in the way, or get permission to write there."
            ) from error
    return len(names)


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    try:
        yield
    except (_Refused, NotImplementedError) as error:  # the latter for unknown compressions
        raise StudyError(
            f"{path} is not unpacked: {error}; inspect it, and unpack it by hand if it is safe."
        ) from error
    except _DAMAGED as error:
        raise StudyError(
            f"{path} cannot be unpacked ({error}): it, or one of its parts, is damaged or "
            "truncated; remove it and fetch it again."
        ) from error


@contextmanager
def _tar(path: Path) -> Iterator[tuple[Iterator[_Member], int]]:
    """Open a tar archive, which is decompressed while its members are unpacked."""
    most = max(MAX_GROWTH * path.stat().st_size, _SMALL)
    with path.open("rb") as packed:
        begin = packed.peek(8)
        found = [how for start, how in _COMPRESSIONS.items() if begin.startswith(start)]
        stream = found[0](packed) if found else packed
        bounded = _Bounded(stream, most)
        with stream, tarfile.open(fileobj=cast(IO[bytes], bounded), mode="r:") as archive:

            def members() -> Iterator[_Member]:
                for info in archive:
                    content: Callable[[], Any] = partial(archive.extractfile, info)
                    yield _Member(info.name, info.size, info.isdir(), info.isreg(), content)
                while bounded.read(_BLOCK):
                    pass  # a compressed file reveals damage only at its end

            yield members(), most


class _Bounded:
    """A decompressed stream, read in blocks and only up to a limit."""

    def __init__(self, stream: IO[bytes], most: int) -> None:
        self._stream, self._most, self.tell = stream, most, stream.tell

    def read(self, size: int) -> bytes:
        if size > _BLOCK:  # files are copied in blocks: only names are read at once
            raise _Refused(f"a name in it is {size:,} bytes long")
        block = self._stream.read(size)
        _check_size(self.tell(), self._most)
        return block

    def seek(self, place: int) -> int:
        _check_size(place, self._most)
        return self._stream.seek(place)


@contextmanager
def _zip(path: Path) -> Iterator[tuple[list[_Member], int]]:
    """Open a zip archive, with its parts (.z01, .z02 ... .zip) joined in a temporary file."""
    parts, first, place = _parts(path)
    starts = list(itertools.accumulate((part.stat().st_size for part in parts), initial=0))
    with path.open("rb") if len(parts) == 1 else tempfile.TemporaryFile(dir=path.parent) as stream:
        if len(parts) > 1:
            for part in parts:
                with part.open("rb") as source:
                    shutil.copyfileobj(source, stream)
        with zipfile.ZipFile(stream) as archive:
            infos = archive.infolist()
            if any(info.flag_bits & 1 for info in infos):
                raise _Refused("it is protected by a password")
            if len(parts) > 1:
                last = max([first, *(info.volume for info in infos)])
                if last >= len(parts) or archive.start_dir != starts[first] + place:
                    raise zipfile.BadZipFile("its parts do not fit together")
                infos = [_moved(info, starts[info.volume] - starts[first]) for info in infos]
            members = [
                _Member(
                    info.filename,
                    info.file_size,
                    info.is_dir(),
                    stat.S_IFMT(info.external_attr >> 16) in (0, stat.S_IFREG),
                    partial(archive.open, info),
                )
                for info in infos
            ]
            yield members, max(MAX_GROWTH * starts[-1], _SMALL)


def _parts(path: Path) -> tuple[list[Path], int, int]:
    """Return the parts of a zip archive, and the part and position of its directory."""
    with path.open("rb") as stream:
        stream.seek(-min(path.stat().st_size, _END.size + 0xFFFF), os.SEEK_END)
        end = stream.read()
    at = end.rfind(b"PK\5\6")
    if at < 0 or len(end) - at < _END.size:
        raise zipfile.BadZipFile("the end of a zip archive is missing")
    number, first, place = _END.unpack_from(end, at)
    if number and end[max(at - 20, 0) : at].startswith(b"PK\6\7"):
        raise _Refused("it has parts and 64-bit records; join them by `zip -s 0 OLD --out NEW`")
    parts = [path.with_suffix(f".z{n:02d}") for n in range(1, number + 1)]
    missing = [part.name for part in parts if not part.exists()]
    if missing:
        raise StudyError(
            f"{path} is the last of {number + 1} parts, of which {len(missing)} are missing: "
            f"{', '.join(missing[:20])}; fetch them, then unpack again."
        )
    return [*parts, path], first, place


def _moved(info: zipfile.ZipInfo, by: int) -> zipfile.ZipInfo:
    """Return an entry of the directory whose file is `by` bytes further on."""
    # a new entry, because `info` also stores the unmoved beginning of the next file
    moved = zipfile.ZipInfo(info.orig_filename)
    for name in ("flag_bits", "compress_type", "CRC", "compress_size", "file_size"):
        setattr(moved, name, getattr(info, name))
    moved.external_attr, moved.header_offset = info.external_attr, info.header_offset + by
    return moved
