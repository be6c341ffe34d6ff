"""Read plate, well, field, channel and more from file paths by patterns with named groups.

A pattern must match a file's whole path below the folder. Its named groups become columns. Some
have a special meaning:

  channel       the column that the file goes into
  well          A1, a01 and A01 are one well
  row, column   form the well; numbers count from 1
  plate, well   begin the name of the field, unless they are part of the group `field`
  z, time       must be unique in a field, unless they are part of the group `field`

Parts of a value, such as plate and plate2, are joined by a dash or another text.
"""

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cellpheno.core import wells
from cellpheno.core.errors import StudyError


@dataclasses.dataclass(frozen=True)
class Match:
    """A file that a pattern matches."""

    path: str
    found: Mapping[str, str]
    """Group to its value, renamed."""
    inside: frozenset[str]
    """Groups within the group `field`."""


def compiled(pattern: str) -> list[re.Pattern[str]]:
    """Compile a pattern, or raise a StudyError when it is not a regular expression."""
    try:
        return [re.compile(pattern)]
    except re.error as error:
        raise StudyError(
            f"The pattern {pattern!r} is not a regular expression: {error}."
        ) from error


def match(
    paths: Iterable[str],
    patterns: Sequence[re.Pattern[str]],
    rename: Mapping[tuple[str, str], str],
    joint: str = "-",
) -> tuple[list[Match], list[str]]:
    """Return the values in each path that a pattern matches, and the paths that none matches.

    `rename` maps (group, value) to another value; `joint` joins the parts of a value.

    Raises a StudyError when nothing matches, a sample sheet cannot contain a file name, or `rename`
    names a value that does not occur.
    """
    matched: list[Match] = []
    others: list[str] = []
    found: dict[str, set[str]] = {}
    for path in paths:
        fit = next((fit for pattern in patterns if (fit := pattern.fullmatch(path))), None)
        if fit is None:
            others.append(path)
            continue
        values = _values(fit, joint)
        for name, value in values.items():
            found.setdefault(name, set()).add(value)
        renamed = {name: rename.get((name, value), value) for name, value in values.items()}
        matched.append(Match(path, renamed, _inside_field(fit)))
    if not matched:
        raise StudyError(
            f"The pattern {patterns[0].pattern!r} matches none of {len(others)} files, such as "
            f"{', '.join(map(repr, others[:3])) or 'none at all'}; it must match the whole path "
            "below the folder."
        )
    _refuse_unwritable([one.path for one in matched])
    for name, value in rename:
        if value not in found.get(name, ()):
            known = ", ".join(sorted(found.get(name, ()))[:10]) or "nothing"
            raise StudyError(
                f"--rename {name} {value}: the pattern finds no {value!r} as {name}, but {known}."
            )
    return matched, others


def keep(matched: Sequence[Match], wanted: Mapping[str, str]) -> list[Match]:
    """Return the files in which each group has the wanted value; a StudyError if there are none."""
    for name, value in wanted.items():
        kept = [one for one in matched if one.found.get(name) == value]
        if not kept:
            known = sorted({one.found[name] for one in matched if name in one.found})
            raise StudyError(
                f"--keep {name} {value} leaves no file; found as {name} are "
                f"{', '.join(known[:10]) or 'no values at all'}."
            )
        matched = kept
    return list(matched)


def plates_by_folder(
    matched: Sequence[Match], folder: str, joint: str = "-"
) -> tuple[list[Match], dict[str, list[str]]]:
    """Prefix the folder to the names of plates that occur in several folders.

    It does not if the folders hold different channels, z planes or time points of one field.
    Returns the files without their group `folder`, and the folders of each renamed plate.
    """
    places: dict[str, set[str]] = {}
    of_file: dict[tuple[Any, ...], set[str]] = {}
    of_field: dict[tuple[Any, ...], set[str]] = {}
    for one in matched:
        plate, place = one.found.get("plate", ""), one.found.get(folder, "")
        rest = {name: value for name, value in one.found.items() if name != folder}
        places.setdefault(plate, set()).add(place)
        of_file.setdefault((plate, *sorted(rest.items())), set()).add(place)
        for name in ("channel", "z", "time"):
            rest.pop(name, None)
        of_field.setdefault((plate, *sorted(rest.items())), set()).add(place)
    alike = {plate for (plate, *_), found in of_file.items() if len(found) > 1}
    shared = {plate for (plate, *_), found in of_field.items() if len(found) > 1}
    several = {plate for plate, found in places.items() if plate and len(found) > 1}
    divided = several - (shared - alike)
    result = []
    for one in matched:
        values = {name: value for name, value in one.found.items() if name != folder}
        if values.get("plate") in divided and one.found.get(folder):
            values["plate"] = f"{one.found[folder]}{joint}{values['plate']}"
        result.append(dataclasses.replace(one, found=values))
    return result, {plate: sorted(places[plate]) for plate in sorted(divided)}


def _values(fit: re.Match[str], joint: str) -> dict[str, str]:
    """Return the groups that matched, with parts joined and rows and columns made wells."""
    found: dict[str, str] = {}
    for name, value in fit.groupdict().items():
        if value is not None:
            whole = name.rstrip("0123456789")
            found[whole] = f"{found[whole]}{joint}{value}" if whole in found else value
    if {"row", "column"} <= set(found):
        row, column = found.pop("row"), found.pop("column")
        found["well"] = wells.name(row, column) or f"{row}-{column}"
    elif "well" in found:
        found["well"] = wells.parse(found["well"]) or found["well"]
    return found


def _inside_field(fit: re.Match[str]) -> frozenset[str]:
    """Return the groups within the group `field`; the row stands for its well."""
    if fit.groupdict().get("field") is None:
        return frozenset()
    start, end = fit.span("field")
    inside = {name for name in fit.groupdict() if start <= fit.start(name) and fit.end(name) <= end}
    return frozenset(inside | ({"well"} if "row" in inside else set()))


def _refuse_unwritable(paths: Sequence[str]) -> None:
    """Raise a StudyError for names that a tab-separated UTF-8 text cannot contain."""
    bad = [
        path for path in paths if path != path.strip() or re.search("[\t\n\r\ud800-\udfff]", path)
    ]
    if bad:
        raise StudyError(
            f"{len(bad)} file names cannot be written in a sample sheet, such as {bad[0]!r}: they "
            "contain a tab, a line end or bytes that are not UTF-8, or begin or end with a blank; "
            "rename them."
        )
