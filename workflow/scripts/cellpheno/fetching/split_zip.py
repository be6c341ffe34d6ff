"""Zip archives in several parts (.z01, .z02 ... .zip), read as if they were one file.

An archive that `zip -s` has divided gives the place of each file as the number of a part and a
place therein. Laid end to end the parts are a usual archive but for its directory, which is written
anew here in memory, with places counted from the first part: what `zip -s 0` does, without a
second copy on the disk. Layout of the records: PKWARE's APPNOTE.TXT 6.3.10.
"""

import bisect
import io
import itertools
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from cellpheno.errors import StudyError

_END = struct.Struct("<4s4H2LH")  # end of central directory record
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR64 = struct.Struct("<4sLQL")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_EXTRA = struct.Struct("<2H")
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
"""What stands in a field whose value is in the zip64 record instead."""
_LONGEST_COMMENT = 0xFFFF


def parts(path: Path) -> list[Path]:
    """Return all parts of an archive, its last one `path` (.zip); one part for a usual archive.

    Raises
    ------
    StudyError
        When `path` is no zip archive, or parts are not there: with their names.
    """
    with path.open("rb") as stream:
        end = _end_record(stream, path)
    number = end[1] + 1  # parts count from 0
    if number == _FULL16 + 1:
        raise StudyError(f"{path} has 65,535 parts or more, which are not read; join them by hand.")
    names = [path.with_suffix(f".z{n:02d}") for n in range(1, number)]
    missing = [name.name for name in names if not name.exists()]
    if missing:
        raise StudyError(
            f"{path} is the last of {number} parts, of which {len(missing)} are not there: "
            f"{', '.join(missing)}; fetch them, then unpack again."
        )
    return [*names, path]


def joined(paths: Sequence[Path]) -> BinaryIO:
    """Return the parts of an archive as one file, which zipfile can read.

    Raises
    ------
    StudyError
        When a part is cut short or belongs to another archive, as far as the directory tells.
    """
    sizes = [path.stat().st_size for path in paths]
    starts = [0, *itertools.accumulate(sizes)]
    whole = io.BufferedReader(_Joined(paths, b""))
    with paths[-1].open("rb") as stream:
        _, _, part, _, entries, length, place, _ = _end_record(stream, paths[-1])
    if _FULL32 in (length, place) or _FULL16 in (part, entries):
        part, entries, length, place = _end64(whole, starts, paths)
    if part >= len(paths):
        raise _broken(paths, "its directory is said to be in a part that does not exist")
    begin = starts[part] + place
    whole.seek(begin)
    directory = whole.read(length)
    if len(directory) < length:
        raise _broken(paths, "its directory is cut short")
    written = b"".join(_rewritten(directory, entries, starts, paths))
    tail = written + _tail(entries, len(written), begin)
    return io.BufferedReader(_Joined(paths, tail, begin))


def _end_record(stream: BinaryIO, path: Path) -> tuple[int, ...]:
    """Return the end record of an archive, its signature first; the last thing in the file."""
    size = stream.seek(0, io.SEEK_END)
    stream.seek(max(0, size - _END.size - _LONGEST_COMMENT))
    end = stream.read()
    place = end.rfind(b"PK\5\6")
    if place < 0 or len(end) - place < _END.size:
        raise StudyError(f"{path} is no zip archive, or the end of it is missing; fetch it again.")
    return _END.unpack_from(end, place)


def _end64(whole: BinaryIO, starts: Sequence[int], paths: Sequence[Path]) -> tuple[int, ...]:
    """Return part, number of entries, length and place of a large archive's directory."""
    whole.seek(max(starts[-2], starts[-1] - _END.size - _LONGEST_COMMENT - _LOCATOR64.size))
    found = whole.read()
    locator = found.rfind(b"PK\6\7")
    if locator < 0:
        raise _broken(paths, "the record of its size is missing")
    _, part, place, _ = _LOCATOR64.unpack_from(found, locator)
    if part >= len(paths):
        raise _broken(paths, "the record of its size is said to be in a part that does not exist")
    whole.seek(starts[part] + place)
    record = whole.read(_END64.size)
    if len(record) < _END64.size or record[:4] != b"PK\6\6":
        raise _broken(paths, "the record of its size is not where it should be")
    _, _, _, _, _, part, _, entries, length, place = _END64.unpack(record)
    return part, entries, length, place


def _rewritten(
    directory: bytes, entries: int, starts: Sequence[int], paths: Sequence[Path]
) -> Iterator[bytes]:
    """Yield the entries of the directory with places counted from the first part."""
    at = 0
    for _ in range(entries):
        if len(directory) - at < _ENTRY.size or directory[at : at + 4] != b"PK\1\2":
            raise _broken(paths, "its directory is damaged")
        head = list(_ENTRY.unpack_from(directory, at))
        at += _ENTRY.size
        texts = []
        for length in head[10:13]:
            texts.append(directory[at : at + length])
            at += length
        yield _entry(head, *texts, starts, paths)


def _entry(
    head: list[int],
    name: bytes,
    extra: bytes,
    comment: bytes,
    starts: Sequence[int],
    paths: Sequence[Path],
) -> bytes:
    """Return one entry of the directory with its place counted from the first part."""
    kept, large = _without_zip64(extra)
    values = []
    for value, full, size in (
        (head[9], _FULL32, 8),
        (head[8], _FULL32, 8),
        (head[16], _FULL32, 8),
        (head[13], _FULL16, 4),
    ):
        if value == full and len(large) >= size:
            value, large = int.from_bytes(large[:size], "little"), large[size:]
        values.append(value)
    content, packed, place, part = values
    if part >= len(paths):
        raise _broken(paths, "a file is said to be in a part that does not exist")
    sizes = [content, packed, place + starts[part]]
    too_large = b"".join(size.to_bytes(8, "little") for size in sizes if size >= _FULL32)
    if too_large:
        kept += _EXTRA.pack(1, len(too_large)) + too_large
    head[9], head[8], head[16] = (min(size, _FULL32) for size in sizes)
    head[11], head[13] = len(kept), 0
    return _ENTRY.pack(*head) + name + kept + comment


def _without_zip64(extra: bytes) -> tuple[bytes, bytes]:
    """Return an entry's extra field without the zip64 record, and what that record holds."""
    kept, large, at = b"", b"", 0
    while at + _EXTRA.size <= len(extra):
        kind, length = _EXTRA.unpack_from(extra, at)
        record = extra[at : at + _EXTRA.size + length]
        if kind == 1:
            large = record[_EXTRA.size :]
        else:
            kept += record
        at += len(record)
    return kept, large


def _tail(entries: int, length: int, place: int) -> bytes:
    """Return the records behind a directory of `length` bytes that begins at `place`."""
    end = _END.pack(
        b"PK\5\6",
        0,
        0,
        min(entries, _FULL16),
        min(entries, _FULL16),
        min(length, _FULL32),
        min(place, _FULL32),
        0,
    )
    if entries < _FULL16 and max(length, place) < _FULL32:
        return end
    record = _END64.pack(b"PK\6\6", _END64.size - 12, 45, 45, 0, 0, entries, entries, length, place)
    return record + _LOCATOR64.pack(b"PK\6\7", 0, place + length, 1) + end


def _broken(paths: Sequence[Path], problem: str) -> StudyError:
    return StudyError(
        f"{paths[-1]} cannot be joined with its {len(paths) - 1} other parts: {problem}. A part is "
        "cut short or of another archive; fetch the parts again."
    )


class _Joined(io.RawIOBase):
    """Files laid end to end, from `begin` on (if given) with other bytes in their place."""

    def __init__(self, paths: Sequence[Path], tail: bytes, begin: int | None = None) -> None:
        self._streams = [path.open("rb") for path in paths]
        sizes = [path.stat().st_size for path in paths]
        self._starts = [0, *itertools.accumulate(sizes)]
        self._begin = self._starts[-1] if begin is None else begin
        self._tail = tail
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        length = self._begin + len(self._tail)
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: length}[whence]
        self._at = max(0, origin + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: memoryview) -> int:
        if self._at >= self._begin:
            start = self._at - self._begin
            block = self._tail[start : start + len(buffer)]
        else:
            number = bisect.bisect_right(self._starts, self._at) - 1
            end = min(self._starts[number + 1], self._begin)
            stream = self._streams[number]
            stream.seek(self._at - self._starts[number])
            block = stream.read(min(len(buffer), end - self._at))
        buffer[: len(block)] = block
        self._at += len(block)
        return len(block)

    def close(self) -> None:
        for stream in self._streams:
            stream.close()
        super().close()
