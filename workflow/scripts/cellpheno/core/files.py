"""Write files completely or not at all."""

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
"""Free bytes on a disk below which a failed write is blamed on a full disk."""

_REASONS = {
    errno.ENOSPC: "the disk is full; free some space, then start again",
    errno.EDQUOT: "your disk quota is used up; free some space, then start again",
    errno.EFBIG: "it exceeds the allowed file size; raise the limit (`ulimit -f`), or use another "
    "disk",
    errno.EROFS: "the disk is read-only; use a folder that you may write to",
    errno.EACCES: "you may not write there; ask for permission, or use another folder",
    errno.EPERM: "you may not write there; ask for permission, or use another folder",
    errno.ENOTDIR: "a file is in the way of a folder; move it away",
    errno.EISDIR: "a folder is in the way; move it away",
    errno.ENAMETOOLONG: "the name is too long for the disk; use shorter names",
    errno.EIO: "the disk failed (input/output error); check it, or use another one",
}

_HERE = hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]
"""Identifies this machine in the names of temporary files."""


def _temporary(path: Path) -> Path:
    """Return an unused name next to `path`, with the same suffix."""
    unique = f"{_HERE}.{os.getpid()}.{uuid.uuid4().hex[:12]}"
    return path.with_name(f".{path.stem}.{unique}.tmp{path.suffix}")


def _remove_leftovers(path: Path) -> None:
    """Remove temporary files of writers of `path` that were killed on this machine."""
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
    """Yield a temporary name, and rename it to `path` when the file is complete.

    A killed job can leave processes behind that go on writing, so the temporary name is unique.
    The folder of `path` is created, and the suffix kept.

    Raises a StudyError when the disk is full or not writable; nothing is left behind.
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
    """Yield a temporary folder, and rename it to `path`, replacing that, when it is filled.

    Raises a StudyError as in `whole`.
    """
    path = Path(path)
    temporary, old = _temporary(path), _temporary(path)
    try:
        temporary.mkdir(parents=True)
        _remove_leftovers(path)
        yield temporary
        # a kill between the two renames leaves a leftover, not half of the old folder
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
    """Allocate a memory-mapped file's space now, because a full disk would kill the process later.

    Raises an OSError, which `whole` explains, when the disk is too small.
    """
    with Path(path).open("rb+") as stream:
        os.posix_fallocate(stream.fileno(), 0, os.fstat(stream.fileno()).st_size)


def check_writable(folders: Iterable[str | Path]) -> None:
    """Raise a StudyError for the first folder that cannot be created or written to."""
    for folder in map(Path, folders):
        absolute = folder.absolute()
        there = next(path for path in (absolute, *absolute.parents) if os.path.lexists(path))
        if not there.is_dir():
            raise StudyError(f"The workflow needs a folder at {there}, which is a file; move it.")
        if not os.access(there, os.W_OK | os.X_OK):
            raise StudyError(
                f"The workflow keeps its files in {there}, which cannot be written to; get "
                "permission, or run the workflow in another folder."
            )
        if shutil.disk_usage(there).free < _FULL:
            raise StudyError(
                f"The workflow keeps its files in {there}, but the disk is full; free some space."
            )


def why_unwritable(error: BaseException) -> str | None:
    """Return why a file could not be written and what to do; None for other errors."""
    return _REASONS.get(error.errno or 0) if isinstance(error, OSError) else None


def _raise_in_words(error: Exception, path: Path, temporary: Path) -> None:
    """Raise a StudyError for a failed write, while the unfinished file still takes its space."""
    if isinstance(error, StudyError):
        return
    reason = why_unwritable(error) if _is_about(error, path, temporary) else None
    reason = reason or _hidden_reason(error, temporary)
    if reason:
        raise StudyError(f"{path} cannot be written: {reason}.") from error


def _is_about(error: Exception, path: Path, temporary: Path) -> bool:
    """Whether an error names no file, as a failed write does, or one on the path to `path`."""
    name = getattr(error, "filename", None)
    if name is None:
        return True
    named = Path(os.fsdecode(name))
    return named in (path, *path.parents) or temporary in (named, *named.parents)


def _hidden_reason(error: Exception, temporary: Path) -> str | None:
    """Return why a write failed in torch or numpy, which hide the reason."""
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
