"""A list of what the workflow has made in a folder that a user may keep files in as well."""

from collections.abc import Iterable
from pathlib import Path

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
