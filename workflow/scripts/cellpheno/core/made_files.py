"""List the files that the workflow made in a folder in which users may keep files too."""

import contextlib
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from cellpheno.core.errors import StudyError
from cellpheno.core.files import whole_folder

MADE = ".made_by_cellpheno"
"""Name of the list in the folder: one path per line."""


def read(folder: Path) -> set[str]:
    """Return the paths that this workflow made, also in jobs that were killed."""
    path = folder / MADE
    return set(path.read_text().splitlines()) if path.exists() else set()


def claim(folder: Path, paths: Iterable[str]) -> None:
    """List files as made by this workflow before they are written.

    The list is only appended to, because several jobs may do so at once.
    """
    folder.mkdir(parents=True, exist_ok=True)
    new = sorted(set(paths) - read(folder))
    with (folder / MADE).open("a") as stream:
        # start a new line, as a killed job may have left an unfinished one
        stream.write("\n".join(["", *new, ""]))


@contextlib.contextmanager
def replaced(folder: str | Path) -> Iterator[Path]:
    """Yield a temporary folder that replaces `folder` unless a user has changed it.

    Snakemake would delete an output folder with everything that a user has drawn and saved in
    it, so such folders are not declared as outputs.

    Raises a StudyError when a file in the folder was added or changed since the workflow made it.
    """
    folder = Path(folder)
    left = read(folder)
    for line in sorted(_lines(folder) - left):
        path = line.partition("  ")[2]
        raise StudyError(
            f"{folder / path} was added or changed since the workflow made {folder}, which would "
            "now be replaced; move the folder away and run again."
        )
    with whole_folder(folder) as temporary:
        yield temporary
        (temporary / MADE).write_text("\n".join(sorted(_lines(temporary))) + "\n")


def _lines(folder: Path) -> set[str]:
    """Return one line for each file in a folder: its hash and its path."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != MADE]
    return {
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}"
        for path in files
    }
