"""Files that are either whole or not there."""

import contextlib
import errno
import glob
import hashlib
import os
import resource
import shutil
import socket
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path

from cellpheno.core.errors import StudyError

_FULL = 1 << 20
"""Bytes left on a disk below which a write is taken to have failed for want of space."""

_REASONS = {
    errno.ENOSPC: "no space is left on the disk; free some, then start again",
    errno.EDQUOT: "your quota of the disk is used up; free some space, then start again",
    errno.EFBIG: "it would be larger than files may be; raise the limit (`ulimit -f`), or use "
    "another disk",
    errno.EROFS: "the disk can only be read; use a folder that you may write to",
    errno.EACCES: "you may not write there; get the right to, or use another folder",
    errno.EPERM: "you may not write there; get the right to, or use another folder",
    errno.ENOTDIR: "a file is in the way, where a folder is needed; move it away",
    errno.EISDIR: "a folder is in the way; move it away",
    errno.ENAMETOOLONG: "the name is too long for the disk; use shorter names",
    errno.EIO: "the disk failed (input/output error); look after it, or use another one",
}


_HERE = hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]
"""This machine, in the names of temporary files."""


def _temporary(path: Path) -> Path:
    """Return a name beside `path` that no other process uses, with the same suffix."""
    unique = f"{_HERE}.{os.getpid()}.{uuid.uuid4().hex[:12]}"
    return path.with_name(f".{path.stem}.{unique}.tmp{path.suffix}")


def _remove_leftovers(path: Path) -> None:
    """Remove what killed writers of the same file have left beside it; living ones go on.

    A process of another machine may live, whatever processes there are on this one.
    """
    mine = f".{path.stem}.{_HERE}."
    for left in path.parent.glob(f"{glob.escape(mine)}*.tmp{glob.escape(path.suffix)}"):
        writer = left.name.removeprefix(mine).partition(".")[0]
        if writer.isdigit() and not Path("/proc", writer).exists():
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)


@contextlib.contextmanager
def whole(path: str | Path) -> Iterator[Path]:
    """Write a file beside its final name and rename it when it is complete.

    A killed job can leave processes behind that go on writing, so the temporary name is
    unique and the final name only ever holds a complete file.

    Parameters
    ----------
    path
        The final name; its folder is made.

    Yields
    ------
    Path
        The temporary name to write to, with the suffix of `path`.

    Raises
    ------
    StudyError
        When the disk is full or does not let it be written; nothing is left then.
    """
    path = Path(path)
    temporary = _temporary(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(path)
        yield temporary
        with temporary.open("rb+") as stream:
            os.fsync(stream.fileno())
        temporary.replace(path)
    except Exception as error:
        _raise_in_words(error, path, temporary)
        raise
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def whole_folder(path: str | Path) -> Iterator[Path]:
    """Fill a folder beside its final name and rename it when it is complete.

    Parameters
    ----------
    path
        The final name; an existing folder of that name is replaced.

    Yields
    ------
    Path
        The temporary folder to fill.

    Raises
    ------
    StudyError
        When the disk is full or does not let it be written; nothing is left then.
    """
    path = Path(path)
    temporary, old = _temporary(path), _temporary(path)
    try:
        temporary.mkdir(parents=True)
        _remove_leftovers(path)
        yield temporary
        # a kill in between leaves a leftover, not half of the old folder
        if path.exists():
            path.rename(old)
        temporary.rename(path)
    except Exception as error:
        _raise_in_words(error, path, temporary)
        raise
    finally:
        for leftover in (temporary, old):
            shutil.rmtree(leftover, ignore_errors=True)


def reserve(path: str | Path) -> None:
    """Take the space of a file that is filled through memory: a full disk kills the process later.

    Raises
    ------
    OSError
        When the disk has no room for it, which `whole` puts in words.
    """
    with Path(path).open("rb+") as stream:
        os.posix_fallocate(stream.fileno(), 0, os.fstat(stream.fileno()).st_size)


def check_writable(folders: Iterable[str | Path]) -> None:
    """Refuse folders that cannot be written to or made, and full disks.

    Raises
    ------
    StudyError
        For the first such folder.
    """
    for folder in map(Path, folders):
        absolute = folder.absolute()
        there = next(path for path in (absolute, *absolute.parents) if os.path.lexists(path))
        if not there.is_dir():
            raise StudyError(
                f"{there} is no folder, but the workflow needs one there; move it away."
            )
        if not os.access(there, os.W_OK | os.X_OK):
            raise StudyError(
                f"The folder {there} cannot be written to, where the workflow keeps its files; get "
                "the right to, or run the workflow in another folder."
            )
        if shutil.disk_usage(there).free < _FULL:
            raise StudyError(
                f"The disk of {there} is full, where the workflow keeps its files; free some space."
            )


def why_unwritable(error: BaseException) -> str | None:
    """Return in words why a file could not be written and what to do; None for other errors."""
    return _REASONS.get(error.errno or 0) if isinstance(error, OSError) else None


def _raise_in_words(error: Exception, path: Path, temporary: Path) -> None:
    """Raise a sentence when an error means that a file could not be written.

    It is called while the unfinished file still takes its space.
    """
    if isinstance(error, StudyError):
        return
    reason = why_unwritable(error) if _is_about(error, path, temporary) else None
    reason = reason or _hidden_reason(error, temporary)
    if reason:
        raise StudyError(f"{path} cannot be written: {reason}.") from error


def _is_about(error: Exception, path: Path, temporary: Path) -> bool:
    """Whether an error names no file, as a failed write does, or one on the way to `path`."""
    name = getattr(error, "filename", None)
    if name is None:
        return True
    named = Path(os.fsdecode(name))
    return named in (path, *path.parents) or temporary in (named, *named.parents)


def _hidden_reason(error: Exception, temporary: Path) -> str | None:
    """Return why a write failed where the library does not tell: torch and numpy do not."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return _REASONS[cause.errno]
        cause = cause.__cause__ or cause.__context__
    if not isinstance(error, OSError | RuntimeError) or getattr(error, "errno", None):
        return None
    if temporary.parent.is_dir() and shutil.disk_usage(temporary.parent).free < _FULL:
        return _REASONS[errno.ENOSPC]
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    written = [temporary, *temporary.glob("**/*")] if temporary.exists() else []
    if limit >= 0 and any(file.stat().st_size >= limit for file in written):
        return _REASONS[errno.EFBIG]
    return None
