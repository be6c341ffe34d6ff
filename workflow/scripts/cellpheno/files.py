"""Files that are either whole or not there."""

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path


def _temporary(path: Path) -> Path:
    """Return a name beside `path` that no other process uses, with the same suffix."""
    return path.with_name(f".{path.stem}.{os.getpid()}.{uuid.uuid4().hex}.tmp{path.suffix}")


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
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _temporary(path)
    try:
        yield temporary
        with temporary.open("rb+") as stream:
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
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
    """
    path = Path(path)
    temporary = _temporary(path)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        if path.exists():
            shutil.rmtree(path)
        temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
