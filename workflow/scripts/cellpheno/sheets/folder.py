"""List the image files below a folder."""

import collections
import dataclasses
import os
from pathlib import Path

from cellpheno.core.errors import StudyError
from cellpheno.study.sample_sheet import IMAGE_FOLDERS

IGNORED = {"thumbs.db", "desktop.ini", "@eadir", "$recycle.bin", "system volume information"}
"""Lower-case names of files that operating systems and network disks create."""


@dataclasses.dataclass
class Listing:
    """Contents of a folder, as relative paths with `/`."""

    files: list[str] = dataclasses.field(default_factory=list)
    """Sorted files; a folder that is one image counts as a file."""
    hidden: int = 0
    """Number of hidden files and folders, previews and the like that were ignored."""
    unreadable: list[str] = dataclasses.field(default_factory=list)
    """Closed folders, broken or circular links, and devices, each with the reason."""


def files(folder: Path) -> Listing:
    """List the files below a folder, visiting each real folder once despite links.

    Raises a StudyError when the folder does not exist or cannot be opened.
    """
    if not folder.is_dir():
        raise StudyError(f"The folder {folder} does not exist; name the folder of the images.")
    listing = Listing()
    seen: dict[tuple[int, int], str] = {}
    folders, links = collections.deque([""]), collections.deque[str]()
    while folders or links:
        # real folders before links, so that a file keeps its own path
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
                    f"The folder {folder} cannot be opened ({error.strerror}); get permission to "
                    "read it."
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
    """Add the files of one folder to the listing, and queue its folders and links."""
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
