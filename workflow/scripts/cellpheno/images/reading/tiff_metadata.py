"""Read names and sizes from a TIFF's metadata: OME-XML, ImageJ, MetaMorph, plain tags."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
import tifffile

from cellpheno.images.reading.planes import pixel_size

MICROMETRES = {
    **dict.fromkeys(("µm", "μm", "um", "micron", "microns", "micrometer", "\\u00B5m"), 1.0),
    **{"pm": 1e-6, "Å": 1e-4, "nm": 1e-3, "mm": 1e3, "cm": 1e4, "m": 1e6},
    **dict.fromkeys(("inch", "in"), 25_400.0),
}
"""Length of a unit in µm, as spelled by OME, ImageJ, MetaMorph and OME-Zarr."""
TAG_UNITS = {2: "inch", 3: "cm"}
PRINTED_UM = 20.0
"""Pixel size above which a resolution in inches or cm (below 1,270 dpi) is that of a screen or a
printer, such as 72, 96 or 300 dpi, not of a microscope."""


@dataclasses.dataclass(frozen=True)
class Metadata:
    """Names, pixel size and faults for the attributes of `Planes`."""

    names: tuple[str, ...]
    slices: tuple[str, ...]
    pixel_size_um: float
    faults: tuple[str, ...]


def read(file: tifffile.TiffFile, pages: npt.NDArray[np.int64], faults: Sequence[str]) -> Metadata:
    """Return a TIFF's metadata; unintelligible parts count as missing.

    `pages` [planes, slices] are page numbers; `faults` are those found before.
    """
    found = [*faults]
    unnamed = ("",) * len(pages), ("",) * pages.shape[1]
    try:
        names, slices = (_names(file, part.tolist()) for part in (pages[:, 0], pages[0]))
    except Exception:  # a library may fail on damage in many ways
        (names, slices), found = unnamed, [*found, "the names of its channels are damaged"]
    try:
        size, absurd = pixel_size(*_sides(file))
    except Exception:
        size, absurd = math.nan, ("its pixel size is damaged",)
    return Metadata(names, slices, size, (*found, *absurd))


def fault(file: tifffile.TiffFile) -> str:
    """Return why the description of a TIFF is unintelligible; empty if it is not."""
    description = file.pages.first.description
    try:
        if file.is_ome or "<OME" in description:
            ElementTree.fromstring(file.ome_metadata or description)
        understood = file.series[0].kind
        # if ImageJ's numbers contradict the file, tifffile uses only the described pages
        if file.is_imagej and understood != "imagej" and _described(file) > len(file.pages):
            return "its ImageJ description lists more images than it holds"
    except Exception as error:
        kind = "OME-XML" if "<OME" in description else "description"
        reason = " ".join(str(error).split())[:100]
        return f"its {kind} is damaged ({reason})"
    return ""


def may_be_several(file: tifffile.TiffFile) -> bool:
    """Whether a TIFF with a damaged description may contain several images."""
    page = file.pages[0]
    room = file.filehandle.size - sum(page.databytecounts) - min(page.dataoffsets, default=0)
    # ImageJ describes only the first of contiguous pages
    return len(file.pages) > 1 or (page.is_final and room >= page.nbytes) or _described(file) > 1


def _described(file: tifffile.TiffFile) -> int:
    """Return the number of images in ImageJ's description, or 1."""
    number = (file.imagej_metadata or {}).get("images", 1)
    return number if isinstance(number, int) else 1


def _names(file: tifffile.TiffFile, pages: Sequence[int]) -> tuple[str, ...]:
    """Return the names of the channels with these first pages, empty where there is none."""
    if file.is_ome:
        found = [channel.get("Name", "") for channel in _pixels(file).findall("{*}Channel")]
    elif file.is_imagej:
        labels = (file.imagej_metadata or {}).get("Labels") or []
        labels = [labels] if isinstance(labels, str) else labels
        found = [labels[page] if page < len(labels) else "" for page in pages]
    else:
        found = []
    if len(found) != len(pages):
        return ("",) * len(pages)
    return tuple((str(name).strip().splitlines() or [""])[0] for name in found)


def _sides(file: tifffile.TiffFile) -> tuple[float, float]:
    """Return width and height of a pixel in µm, NaN if unknown."""
    if file.is_ome:
        pixels = _pixels(file)
        return _ome_side(pixels, "X"), _ome_side(pixels, "Y")
    if file.is_stk:
        found = file.stk_metadata or {}
        unit = MICROMETRES.get(str(found.get("CalibrationUnits")), math.nan)
        x, y = (found.get(f"{axis}Calibration", math.nan) * unit for axis in "XY")
        return x, y
    tags = file.pages.first.tags
    printed = TAG_UNITS.get(tags.valueof("ResolutionUnit", 2), "")
    if file.is_imagej:
        printed = str((file.imagej_metadata or {}).get("unit", "")).strip()
    x, y = (_tag_side(tags.valueof(f"{axis}Resolution"), printed) for axis in "XY")
    return x, y


def _pixels(file: tifffile.TiffFile) -> ElementTree.Element:
    found = ElementTree.fromstring(file.ome_metadata or "").find(".//{*}Pixels")
    return ElementTree.Element("Pixels") if found is None else found


def _ome_side(pixels: ElementTree.Element, axis: str) -> float:
    unit = pixels.get(f"PhysicalSize{axis}Unit", "µm")
    try:
        return float(pixels.get(f"PhysicalSize{axis}", "nan")) * MICROMETRES.get(unit, math.nan)
    except ValueError:
        return math.nan


def _tag_side(resolution: Any, unit: str) -> float:
    """Return the side of a pixel from pixels per unit, a fraction."""
    try:
        pixels, units = resolution
        side = units / pixels * MICROMETRES.get(unit, math.nan)
    except (TypeError, ValueError, ZeroDivisionError):
        return math.nan
    return math.nan if unit in TAG_UNITS.values() and side > PRINTED_UM else side
