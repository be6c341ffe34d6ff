"""The files below a folder, without what no one means as an image."""

import collections
import dataclasses
import os
from pathlib import Path

from cellpheno.core.errors import StudyError
from cellpheno.study.sample_sheet import IMAGE_FOLDERS

IGNORED = {"thumbs.db", "desktop.ini", "@eadir", "$recycle.bin", "system volume information"}
"""Names in lower case of what operating systems and network disks leave behind."""


@dataclasses.dataclass
class Listing:
    """What lies below a folder, with paths relative to it and written with `/`.

    Attributes
    ----------
    files
        The files, sorted; a folder that is one image counts as a file.
    hidden
        How many hidden files and folders, previews and the like were passed over.
    unreadable
        Folders that may not be opened, links that lead nowhere or in a circle, and what is
        neither a file nor a folder, each with the reason.
    """

    files: list[str] = dataclasses.field(default_factory=list)
    hidden: int = 0
    unreadable: list[str] = dataclasses.field(default_factory=list)


def files(folder: Path) -> Listing:
    """List the files below a folder; each real folder once, so that links cannot lead in circles.

    Raises
    ------
    StudyError
        When there is no such folder, or it may not be opened.
    """
    if not folder.is_dir():
        raise StudyError(f"The folder {folder} is not there; give the one that holds the images.")
    listing = Listing()
    seen: dict[tuple[int, int], str] = {}
    folders, links = collections.deque([""]), collections.deque()
    while folders or links:
        # folders proper before links to them, so that a file has its own path
        prefix = (folders or links).popleft()
        try:
            status = (folder / prefix).stat()
            first = seen.setdefault((status.st_dev, status.st_ino), prefix or "./")
            if first == (prefix or "./"):
                _list(folder, prefix, folders, links, listing)
            else:
                listing.unreadable.append(f"{prefix} (a link to {first}, which is listed already)")
        except OSError as error:
            if not prefix:
                raise StudyError(
                    f"The folder {folder} cannot be opened ({error.strerror}); give yourself the "
                    "right to read it."
                ) from error
            listing.unreadable.append(f"{prefix} ({error.strerror})")
    listing.files.sort()
    listing.unreadable.sort()
    return listing


def _list(
    folder: Path,
    prefix: str,
    folders: collections.deque[str],
    links: collections.deque[str],
    listing: Listing,
) -> None:
    """Add the files of one folder to the listing, and its folders and links to what is left."""
    with os.scandir(folder / prefix) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            path = prefix + entry.name
            if entry.name.startswith(".") or entry.name.lower() in IGNORED:
                listing.hidden += 1
                continue
            try:
                is_folder, is_file = entry.is_dir(), entry.is_file()
            except OSError as error:
                listing.unreadable.append(f"{path} ({error.strerror})")
                continue
            if is_file or (is_folder and entry.name.lower().endswith(IMAGE_FOLDERS)):
                listing.files.append(path)
            elif is_folder:
                (links if entry.is_symlink() else folders).append(f"{path}/")
            else:
                kind = "a link that leads nowhere" if entry.is_symlink() else "a device or a pipe"
                listing.unreadable.append(f"{path} ({kind})")
