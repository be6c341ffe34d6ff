"""Where the comparisons work."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def work_folder(within: Path | None) -> Iterator[Path]:
    """Make a folder to work in, which is gone afterwards.

    Parameters
    ----------
    within
        Made where it does not exist, and kept; the system's place for such folders if None.
    """
    if within:
        within.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=within) as name:
        yield Path(name)
