"""What the workflow has made in a folder that a user may work in or keep files in as well."""

import contextlib
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from cellpheno.core.errors import StudyError
from cellpheno.core.files import whole_folder

MADE = ".made_by_cellpheno"
"""Name of the list, a path per line, in the folder itself."""


def read(folder: Path) -> set[str]:
    """Return the paths that were made by this workflow, also by jobs that were killed."""
    path = folder / MADE
    return set(path.read_text().splitlines()) if path.exists() else set()


def claim(folder: Path, paths: Iterable[str]) -> None:
    """List files as made by this workflow, before they are written.

    Jobs may do so at the same time, hence the list is only ever appended to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    new = sorted(set(paths) - read(folder))
    with (folder / MADE).open("a") as stream:
        # on a line of its own, also after one that a killed job has left unfinished
        stream.write("\n".join(["", *new, ""]))


@contextlib.contextmanager
def replaced(folder: str | Path) -> Iterator[Path]:
    """Fill a folder that people work in, and replace it if it is as the workflow left it.

    Snakemake would delete a folder that is an output, with everything that people have drawn and
    saved there, so such folders are no outputs of their rules.

    Parameters
    ----------
    folder
        The final name.

    Yields
    ------
    Path
        The temporary folder to fill.

    Raises
    ------
    StudyError
        When a file in the folder was added or changed since it was made.
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
    """Return hash and path of every file in a folder, one line each."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != MADE]
    return {
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}"
        for path in files
    }
