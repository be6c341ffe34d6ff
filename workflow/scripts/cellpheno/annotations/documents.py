"""Helpers for text formats: read text, JSON, numbers and words, and explain every mistake."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cellpheno.core.errors import StudyError, printable

LARGEST = 1e9
"""Largest plausible coordinate in pixels."""

LONGEST = 500
"""Characters of a file that a message quotes; a path has fewer."""

_BEGINNINGS = {
    b"\x89PNG": "a PNG image (format: masks)",
    b"II*\0": "a TIFF image (format: masks)",
    b"MM\0*": "a TIFF image (format: masks)",
    b"PK\x03\x04": "a ZIP archive, which has to be unpacked",
    b"<": "XML (format: voc)",
    b"{": "JSON (format: via, coco or labelme)",
    b"[": "JSON (format: via, coco or labelme)",
}


def shown(value: object) -> str:
    """Return a text for a message: printable, on one line, and limited."""
    text = printable(str(value))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def read_bytes(path: Path) -> bytes:
    """Read a file, or raise a StudyError if it is unreadable or empty."""
    try:
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        raise StudyError(
            f"The annotation file {shown(path)} cannot be read "
            f"({shown(getattr(error, 'strerror', None) or error)}); correct annotations.files, or "
            "the file's permissions."
        ) from error
    if not content.strip():
        raise StudyError(f"The annotation file {shown(path)} is empty; export it again.")
    return content


def read_text(path: Path) -> str:
    """Read a UTF-8 text file, with or without a byte order mark, or raise a StudyError."""
    content = read_bytes(path)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise StudyError(
            f"{shown(path)} is not text in UTF-8 (byte 0x{content[error.start]:02x} at position "
            f"{error.start}, line {line}){_suspicion(beginning(content))}; save it as UTF-8, or "
            "set annotations.format."
        ) from error


def read_json(path: Path, wanted: str) -> Any:
    """Read a JSON document, which messages call `wanted`.

    Raises a StudyError when it is not JSON, is nested too deeply, or repeats a key.
    """
    text = read_text(path)
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except RecursionError as error:
        raise StudyError(
            f"{shown(path)} is not {wanted}: its JSON is nested too deeply; export it again."
        ) from error
    except ValueError as error:
        looks = beginning(text.lstrip().encode()[:8])
        looks = None if looks and "JSON" in looks else looks
        raise StudyError(
            f"{shown(path)} is not {wanted}: it cannot be read as JSON ({shown(error)})"
            f"{_suspicion(looks)}; export it again, or set annotations.format."
        ) from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {shown(twice)!r} is repeated in one object")
    return content


def wrong_format(path: Path, wanted: str, content: Any) -> StudyError:
    """Return the error for a JSON document of another format, with the likely one."""
    kind = _kind(content)
    if kind and kind.partition(" (")[0] in wanted:
        kind = None  # it looks like the wanted format, but is broken
    return StudyError(
        f"{shown(path)} is not {wanted}{_suspicion(kind)}; export it again, or set "
        "annotations.format."
    )


def beginning(content: bytes) -> str | None:
    """Return the format that a file's first bytes indicate, if any."""
    return next((kind for start, kind in _BEGINNINGS.items() if content.startswith(start)), None)


def _kind(content: Any) -> str | None:
    """Return the format that a JSON document looks like, if any."""
    if isinstance(content, list):
        first = content[0] if content else None
        results = isinstance(first, dict) and {"image_id", "bbox"} <= set(first)
        return "COCO results, which lack the images and categories" if results else None
    if not isinstance(content, dict):
        return None
    if {"images", "annotations"} <= set(content):
        return "COCO (format: coco)"
    if "shapes" in content:
        return "labelme (format: labelme)"
    images = content.get("_via_img_metadata", content)
    if isinstance(images, dict) and images:
        first = next(iter(images.values()))
        if isinstance(first, dict) and {"filename", "regions"} <= set(first):
            return "VIA 2 (format: via)"
    return "VIA 3, which is not read: use VIA 2" if {"view", "metadata"} <= set(content) else None


def _suspicion(kind: str | None) -> str:
    return f"; it looks like {kind}" if kind else ""


def number(value: Any) -> float:
    """Return a coordinate or size from a number or text.

    Raises a ValueError for anything else, NaN, infinity, and values beyond `LARGEST`.
    """
    readable = isinstance(value, int | float | str) and not isinstance(value, bool)
    # Python reads 1_000 as a number
    if not readable or (isinstance(value, str) and "_" in value):
        raise ValueError(f"{shown(repr(value))} is not a number")
    try:
        result = float(value)
    except OverflowError:
        result = float("inf")
    except ValueError as error:
        raise ValueError(f"{shown(repr(value))} is not a number") from error
    if not abs(result) <= LARGEST:
        raise ValueError(f"{result:g} is not a position in an image")
    return result


def word(value: Any) -> str:
    """Return a name, or raise a ValueError if it is not text or has a lone surrogate."""
    if not isinstance(value, str):
        raise ValueError(f"{shown(repr(value))} is not text")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{shown(value)!r} contains half a character") from error
    return value


def reason(error: Exception) -> str:
    """Return why an entry of a document could not be read."""
    if isinstance(error, KeyError):
        return f"it has no {shown(error.args[0])!r}"
    if isinstance(error, ValueError):
        return shown(error)
    return "it does not have the structure of the format"


def items(value: Any, what: str) -> list[Mapping[str, Any]]:
    """Return a list of objects of a JSON document, or raise a ValueError."""
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ValueError(f"{what} is not a list of objects")
    return value
