"""Summarise the matched files for the user to check before the sheet is written."""

import collections
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

import pandas as pd

from cellpheno.sheets import plate_map
from cellpheno.sheets.assembly import Assembled
from cellpheno.sheets.folder import Listing
from cellpheno.sheets.matching import Match

SHOWN = 3


def of_files(listing: Listing, matched: Sequence[Match], others: Sequence[str]) -> Iterator[str]:
    """Yield lines on the files that match, with their values, and on those that do not."""
    yield f"{len(matched)} files match the pattern, {len(others)} do not"
    for one in matched[:SHOWN]:
        found = ", ".join(f"{name} {value}" for name, value in one.found.items())
        yield f"  {shown(one.path)}: {found}"
    if len(matched) > SHOWN:
        yield "  ..."
    if others:
        suffixes = collections.Counter(
            PurePosixPath(path).suffix.lower() or "without suffix" for path in others
        )
        counts = ", ".join(f"{count} {suffix}" for suffix, count in suffixes.most_common())
        yield f"not matched: {counts}, such as {', '.join(map(shown, others[:SHOWN]))}"
    if listing.hidden:
        yield f"ignored: {listing.hidden} hidden files, previews and the like"
    for path in listing.unreadable:
        yield f"not opened: {shown(path)}"


def of_masks(masks: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield a line on each folder of masks."""
    for folder, paths in masks.items():
        yield (
            f"masks: {len(paths)} pictures in {shown(folder)}, which have the names of images, are "
            "no fields (annotations.files names their folder)"
        )


def of_splits(splits: pd.Series, source: str, moved: int) -> Iterator[str]:
    """Yield lines on the column `split`, and on fields that were moved to val."""
    counts = ", ".join(
        f"{name or 'open'} ({count})" for name, count in splits.value_counts(sort=False).items()
    )
    yield f"split: {counts}, by {source}"
    yield "  a field of train, val or test that nobody annotated counts as one without cells"
    if moved:
        yield f"  there was no val, so {moved} fields of train became it (by a hash of their group)"


def of_divided(plates: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield lines on plates of one name in several folders."""
    for plate, folders in plates.items():
        where = ", ".join(shown(folder) or "." for folder in folders[:SHOWN])
        yield (
            f"the plate {shown(plate)} is in {len(folders)} folders ({where}"
            f"{', ...' if len(folders) > SHOWN else ''}), which become part of its name, as if "
            "there were several plates; give a pattern if there is one"
        )


def of_map(sheet: pd.DataFrame, source: plate_map.PlateMap) -> Iterator[str]:
    """Yield lines on a plate map and the wells that only it or only the sheet has."""
    yield f"plate map {source.source}: {len(source.table)} wells"
    if set(source.keys) <= set(sheet):
        idle = plate_map.difference(source.table, sheet, source.keys)
        absent = plate_map.difference(sheet, source.table, source.keys)
        yield f"  without images: {_listed(idle) or 'none'}"
        yield f"  with images, but not in the map: {_listed(absent) or 'none'}"
    plates = set(sheet.get("plate", ()))
    if "plate" not in source.table and len(plates) > 1:
        yield f"  names no plates, so it is used for each of the {len(plates)}"


def of_sheet(sheet: pd.DataFrame, found: Assembled) -> Iterator[str]:
    """Yield lines on the sheet: files per channel, wells and fields, values of each column."""
    counts = ", ".join(f"{name} {sheet[name].nunique()}" for name in found.channels)
    yield f"files per channel: {counts}; in the config: channels: [{', '.join(found.channels)}]"
    if found.incomplete:
        yield f"left out for a missing channel: {_listed(found.incomplete)}"
    if "well" in sheet:
        yield from _grid(sheet)
    for column in (*(["folder"] if "folder" in sheet else []), "condition", "replicate", "group"):
        values = sheet[column].value_counts(sort=False)
        shares = [f"{name or 'none'} ({count})" for name, count in values.items()]
        yield f"{column}: {_listed(shares)}"


def shown(path: str) -> str:
    """Return a printable path, with control characters and broken bytes escaped."""
    return path if path.isprintable() else repr(path)[1:-1]


def _grid(sheet: pd.DataFrame) -> Iterator[str]:
    """Yield the size of the grid of wells and fields, and the wells with another number."""
    plates = set(sheet.get("plate", ()))
    keys = ["plate", "well"] if len(plates) > 1 else ["well"]
    counts = sheet.groupby(keys)["field"].size()
    usual = int(counts.mode().iloc[-1])
    on = f" on {len(plates)} plates" if len(plates) > 1 else ""
    yield f"grid: {_counted(len(counts), 'well')}{on}, {_counted(usual, 'field')} each"
    odd = counts[counts != usual]
    if len(odd):
        names = [" ".join(key) if isinstance(key, tuple) else key for key in odd.index]
        listed = [f"{name} ({count})" for name, count in zip(names, odd, strict=True)]
        yield f"  wells with another number of fields: {_listed(listed)}"
    else:
        yield "  complete"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _listed(values: Sequence[str], most: int = 10) -> str:
    return ", ".join(values[:most]) + (
        f", ... ({len(values)} in all)" if len(values) > most else ""
    )
