"""Download files, continue broken downloads, and check the result."""

import functools
import logging
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from urllib.error import HTTPError

from cellpheno.core import made_files
from cellpheno.core.errors import StudyError
from cellpheno.core.progress import track
from cellpheno.fetching import web
from cellpheno.fetching.declared import File, content_hashes

logger = logging.getLogger(__name__)

_MB = 1_000_000
_LONGEST_WAIT = 60.0


def download(
    file: File, folder: Path, attempts: int = 5, wait: Callable[[float], None] = time.sleep
) -> dict[str, str]:
    """Fetch a file into a folder unless it exists already; return its hashes.

    Incomplete content is in `<name>.part`. A later attempt or run continues it only with a known
    hash, which shows that the two parts belong together. `attempts` limits consecutive failures
    without a new byte; `wait` sleeps between them.

    Raises a StudyError when the file cannot be fetched, has another size or hash than declared (it
    is then kept as `<name>.refused`), or its end would be unknown.
    """
    path, part = folder / file.name, folder / f"{file.name}.part"
    if path.exists():
        hashes = content_hashes(path)
        if problem := file.misfit(path.stat().st_size, hashes):
            raise StudyError(
                f"{path} exists already and {problem}; remove it to fetch it again, or correct the "
                "config's section fetch."
            )
        logger.info("%s exists already", path)
        return hashes
    if os.path.lexists(part) and f"{file.name}.part" not in made_files.read(folder):
        raise StudyError(
            f"{part} exists already and was not made by this workflow, which would replace it; "
            "move it away."
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    made_files.claim(folder, [f"{file.name}.part"])
    _fetch(file, part, attempts, wait)
    hashes = content_hashes(part)
    if problem := file.misfit(part.stat().st_size, hashes):
        refused = part.replace(path.with_name(f"{path.name}.refused"))
        raise StudyError(
            f"{file.url} {problem}: it is not the declared file, or was damaged on the way; it is "
            f"kept as {refused}. Fetch it again, or correct the config's section fetch."
        )
    part.replace(path)
    return hashes


def _fetch(file: File, part: Path, attempts: int, wait: Callable[[float], None]) -> None:
    """Fetch until the file is complete or too many attempts have failed."""
    failed, most = 0, _size(part)
    while True:
        try:
            if _attempt(file, part):
                return
            problem = "the connection ended early"
        except web.BROKEN as error:
            problem = str(error) or type(error).__name__
        # compared with the maximum, as a restarted file brings nothing new
        failed = 0 if _size(part) > most else failed + 1
        most = max(most, _size(part))
        logger.info("%s: %s; %d bytes so far", file.url, problem, _size(part))
        if failed == attempts:
            raise StudyError(
                f"{file.url} cannot be fetched: {attempts} attempts in a row failed, the last one "
                f"because {problem}; {_size(part):,} bytes are in {part}. Try again later."
            )
        wait(min(2.0**failed, _LONGEST_WAIT))


def _attempt(file: File, part: Path) -> bool:
    """Fetch the missing part; return whether the file is complete."""
    start = _size(part) if file.hashes else 0
    try:
        response = web.request(file.url, {"Range": f"bytes={start}-"} if start else {})
    except HTTPError as error:
        if error.code == 416 and start:  # nothing is missing, or the hash will reveal it
            return True
        raise
    with response:
        if response.status != 206:
            start = 0
        elif not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            raise OSError("the server sent another part than was requested")
        length = None if response.length is None else start + response.length
        limit = _limit(file, length, response.chunked)
        free = shutil.disk_usage(part.parent).free
        if length is not None and length - start > free:
            raise StudyError(
                f"{file.url} needs {length - start:,} bytes in {part.parent}, where {free:,} are "
                "free; make room, or set fetch.folder to another disk."
            )
        blocks = iter(functools.partial(response.read, _MB), b"")
        expected = None if length is None else -(-length // _MB)
        with part.open("ab" if start else "wb") as stream:
            for block in track(blocks, f"MB of {file.name}", expected, start // _MB):
                if stream.tell() + len(block) > limit:
                    raise StudyError(
                        f"{file.url} continues beyond the {limit:,} bytes that it should have; "
                        "correct the address or the size in the config's section fetch."
                    )
                stream.write(block)
    total = file.size if length is None else length
    return total is None or _size(part) == total


def _limit(file: File, length: int | None, is_chunked: bool) -> int:
    """Return the largest expected number of bytes, given the server's length and the config."""
    if length is not None:
        if problem := file.misfit(length):
            raise StudyError(
                f"{file.url} {problem}, according to its server; correct the address or the size "
                "in the config's section fetch."
            )
        return length
    if file.size is not None:
        return file.size
    # a chunked answer marks its end
    if file.max_size is None or not (file.hashes or is_chunked):
        raise StudyError(
            f"{file.url} does not say how long it is, so an endless or incomplete file could go "
            "unnoticed; give its size in the config's section fetch, or max_size and a hash."
        )
    return file.max_size


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
