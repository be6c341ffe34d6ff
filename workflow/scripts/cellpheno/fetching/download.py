"""Files from the web: resumed where they were broken off, checked before they count."""

import json
import logging
import os
import re
import shutil
import time
from collections.abc import Callable, Mapping
from http.client import HTTPResponse
from pathlib import Path
from urllib.error import HTTPError

from cellpheno.errors import StudyError
from cellpheno.fetching import web
from cellpheno.fetching.declared import File, content_hashes, misfit

logger = logging.getLogger(__name__)

_BLOCK = 1 << 20
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")
_LONGEST_WAIT = 60.0
_EVERY_SECONDS = 10.0


def download(
    file: File,
    folder: Path,
    attempts: int = 5,
    opener: web.Opener | None = None,
    wait: Callable[[float], None] = time.sleep,
) -> dict[str, str]:
    """Bring one file into a folder, unless it lies there already; return its hashes.

    What has arrived is kept in `<name>.part`, so that a later attempt, or a later run, goes on
    there; the server is asked for the rest of the same content only (If-Range).

    Parameters
    ----------
    file
        What to fetch, and what is known of it.
    folder
        Of the data set.
    attempts
        How often in a row a connection may fail without a new byte.
    opener
        Of the addresses; None for the usual one.
    wait
        Called with the seconds to wait between two attempts.

    Raises
    ------
    StudyError
        When it cannot be had, is larger or smaller than declared or has another hash; what does
        not fit is put aside as `<name>.refused`. When neither the server nor `file` says how long
        it is, and nothing would show that it arrived whole.
    """
    path = folder / file.name
    if path.exists():
        hashes = content_hashes(path)
        problem = misfit(path, file, hashes)
        if problem:
            raise StudyError(
                f"{path} is there already and {problem}; remove it to fetch it again, or correct "
                "what the config's section fetch says of it."
            )
        logger.info("%s is there already", path)
        return hashes
    path.parent.mkdir(parents=True, exist_ok=True)
    part = _Part(path, file)
    if os.path.lexists(part.path) and not part.note.exists():
        raise StudyError(
            f"{part.path} is there already and was not made by this workflow, which would replace "
            "it; move it away."
        )
    part.fill(attempts, opener, wait)
    hashes = content_hashes(part.path)
    problem = misfit(part.path, file, hashes)
    if problem:
        refused = path.with_name(f"{path.name}.refused")
        part.path.replace(refused)
        part.note.unlink(missing_ok=True)
        raise StudyError(
            f"{file.url} {problem}: it is not the declared file, or was spoilt on the way; it lies "
            f"in {refused}. Fetch it again, or correct what the config's section fetch says of it."
        )
    part.path.replace(path)
    part.note.unlink(missing_ok=True)
    return hashes


class _Part:
    """A file on its way, and a note of which content it is a part of."""

    def __init__(self, path: Path, file: File) -> None:
        self.path = path.with_name(f"{path.name}.part")
        self.note = path.with_name(f"{path.name}.part.json")
        self._file = file
        self._total = file.size

    def fill(self, attempts: int, opener: web.Opener | None, wait: Callable[[float], None]) -> None:
        """Fetch until the file is complete, or too many attempts have failed."""
        failed, most = 0, self._size()
        while failed < attempts:
            try:
                if self._attempt(opener):
                    return
                problem = "the connection ended early"
            except web.BROKEN as error:
                problem = str(error) or type(error).__name__
            # counted against the most there ever was: a file begun anew brings nothing new
            failed = 0 if self._size() > most else failed + 1
            most = max(most, self._size())
            logger.info("%s: %s; %d bytes so far", self._file.url, problem, self._size())
            if failed < attempts:
                wait(min(2.0**failed, _LONGEST_WAIT))
        raise StudyError(
            f"{self._file.url} cannot be fetched: {attempts} attempts in a row failed, the last "
            f"one because {problem}; {self._size():,} bytes lie in {self.path}, and the same "
            "command goes on there."
        )

    def _attempt(self, opener: web.Opener | None) -> bool:
        """Fetch what is missing; return whether the file is complete."""
        start, known = self._size(), self._known()
        if start and start == self._total:
            return True
        validator = known.get("validator", "")
        if not known or not (validator or self._file.hashes):
            start = 0  # nothing would tell whether the rest belongs to the same content
        headers = {"Range": f"bytes={start}-"} if start else {}
        if start and validator:
            headers["If-Range"] = validator
        try:
            response = web.request(self._file.url, headers, opener)
        except HTTPError as error:
            if error.code == 416:  # nothing lies behind what is here: begin anew
                self.path.unlink(missing_ok=True)
            raise
        with response:
            start, total = self._place(response, start)
            self._agree(total)
            self._refuse_endless(response)
            self._write_note(response.headers)
            self._receive(response, start)
        return self._total is None or self._size() == self._total

    def _place(self, response: HTTPResponse, start: int) -> tuple[int, int | None]:
        """Return where in the file the answer begins, and how long the whole file is."""
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise StudyError(f"{self._file.url} is sent compressed although it should not be.")
        if response.status == 206:
            found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
            if not found or int(found[1]) != start:
                raise OSError("the server sent another part than was asked for")
            return start, None if found[2] == "*" else int(found[2])
        length = response.headers.get("Content-Length", "")
        return 0, int(length) if length.isdigit() else None

    def _agree(self, total: int | None) -> None:
        """Refuse a file of another size than declared before any of it is fetched."""
        if total is not None and self._file.size is not None and total != self._file.size:
            raise StudyError(
                f"{self._file.url} has {total:,} bytes by what its server says, instead of "
                f"{self._file.size:,}; correct the address or the size in the config's section "
                "fetch."
            )
        self._total = self._total or total

    def _refuse_endless(self, response: HTTPResponse) -> None:
        """Refuse what could go on for ever, or end early without anyone's notice."""
        most = self._file.max_size
        if self._total is None and most is None:
            raise StudyError(
                f"{self._file.url} does not say how long it is, nor does the config's section "
                "fetch; give its size there, or as max_size the bytes that it may have at most."
            )
        if self._total is not None and most is not None and self._total > most:
            raise StudyError(
                f"{self._file.url} has {self._total:,} bytes, more than the {most:,} of max_size "
                "in the config's section fetch; correct the address or max_size."
            )
        # an answer in chunks tells where it ends
        if self._total is None and not self._file.hashes and not response.chunked:
            raise StudyError(
                f"{self._file.url} does not say how long it is, so that nothing would show that it "
                "arrived whole; give its size or a hash of it in the config's section fetch."
            )

    def _receive(self, response: HTTPResponse, start: int) -> None:
        """Append what arrives, and never more than the file is to have."""
        needed = (self._total or 0) - start
        free = shutil.disk_usage(self.path.parent).free
        if needed > free:
            raise StudyError(
                f"{self._file.url} needs {needed:,} bytes in {self.path.parent}, where {free:,} "
                "are free; make room, or set fetch.folder to another disk."
            )
        most = self._file.max_size if self._total is None else self._total
        progress = _Progress(self._file.name, start, self._total)
        with self.path.open("r+b" if start else "wb") as stream:
            stream.truncate(start)
            stream.seek(start)
            done = start
            while block := response.read(_BLOCK):
                done += len(block)
                if most is not None and done > most:
                    raise StudyError(
                        f"{self._file.url} goes on after the {most:,} bytes that it should have; "
                        "correct the address or the size in the config's section fetch."
                    )
                stream.write(block)
                progress.tell(done)

    def _size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def _known(self) -> dict[str, str]:
        """Return what an earlier attempt noted of the content that the part belongs to."""
        try:
            note = json.loads(self.note.read_text())
            return note if note["url"] == self._file.url else {}
        except (OSError, ValueError, KeyError, TypeError):
            return {}

    def _write_note(self, headers: Mapping[str, str]) -> None:
        tag = headers.get("ETag", "")
        # a weak tag stands for content that may differ in some bytes
        validator = tag if tag and not tag.startswith("W/") else headers.get("Last-Modified", "")
        self.note.write_text(json.dumps({"url": self._file.url, "validator": validator}))


class _Progress:
    """Lines in the log with how far a file has come, its rate and the time left."""

    def __init__(self, name: str, start: int, total: int | None) -> None:
        self._name, self._start, self._total = name, start, total
        self._began = self._last = time.monotonic()

    def tell(self, done: int) -> None:
        now = time.monotonic()
        if now - self._last < _EVERY_SECONDS and done != self._total:
            return
        self._last = now
        rate = (done - self._start) / max(now - self._began, 1e-9)
        if self._total is None:
            logger.info("%s %.1f MB, %.2f MB per second", self._name, done / 1e6, rate / 1e6)
            return
        logger.info(
            "%s %.1f of %.1f MB, %.2f MB per second, %.0f s left",
            self._name,
            done / 1e6,
            self._total / 1e6,
            rate / 1e6,
            (self._total - done) / max(rate, 1e-9),
        )
