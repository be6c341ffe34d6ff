"""What a TIFF tells of its channels and its pixels: OME-XML, ImageJ, MetaMorph, plain tags."""

import math
from collections.abc import Sequence
from xml.etree import ElementTree

import tifffile

from cellpheno.images.planes import square_side

MICROMETRES = {
    **dict.fromkeys(("µm", "μm", "um", "micron", "microns", "micrometer", "\\u00B5m"), 1.0),
    **{"pm": 1e-6, "Å": 1e-4, "nm": 1e-3, "mm": 1e3, "cm": 1e4, "m": 1e6},
    **dict.fromkeys(("inch", "in"), 25_400.0),
}
"""Length of a unit, as OME, ImageJ, MetaMorph and OME-Zarr write it."""
TAG_UNITS = {2: "inch", 3: "cm"}
PRINTED_UM = 20.0
"""A resolution in inches or cm that makes pixels larger than this (1,270 dpi) is one of a screen or
a printer, such as 72, 96 or 300 dpi, and tells nothing of the microscope."""


def names(file: tifffile.TiffFile, pages: Sequence[int]) -> tuple[str, ...]:
    """Return the names of the channels whose first pages are given, empty where there is none."""
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


def pixel_size_um(file: tifffile.TiffFile) -> float:
    """Return the side of a pixel in µm, NaN when the file does not tell or contradicts itself."""
    if file.is_ome:
        pixels = _pixels(file)
        return square_side(*(_ome_side(pixels, axis) for axis in "XY"))
    if file.is_stk:
        found = file.stk_metadata or {}
        unit = MICROMETRES.get(str(found.get("CalibrationUnits")), math.nan)
        sides = (found.get(f"{axis}Calibration", math.nan) * unit for axis in "XY")
        return square_side(*sides)
    tags = file.pages[0].tags
    unit = TAG_UNITS.get(tags.valueof("ResolutionUnit", 2), "")
    if file.is_imagej:
        unit = str((file.imagej_metadata or {}).get("unit", "")).strip()
    sides = (_tag_side(tags.valueof(f"{axis}Resolution"), unit) for axis in "XY")
    return square_side(*sides)


def _pixels(file: tifffile.TiffFile) -> ElementTree.Element:
    found = ElementTree.fromstring(file.ome_metadata or "").find(".//{*}Pixels")
    return ElementTree.Element("Pixels") if found is None else found


def _ome_side(pixels: ElementTree.Element, axis: str) -> float:
    unit = pixels.get(f"PhysicalSize{axis}Unit", "µm")
    try:
        return float(pixels.get(f"PhysicalSize{axis}", "nan")) * MICROMETRES.get(unit, math.nan)
    except ValueError:
        return math.nan


def _tag_side(resolution: object, unit: str) -> float:
    """Return the side of a pixel from pixels per unit, a fraction."""
    try:
        pixels, units = resolution  # type: ignore[misc]
        side = units / pixels * MICROMETRES.get(unit, math.nan)
    except (TypeError, ValueError, ZeroDivisionError):
        return math.nan
    return math.nan if unit in TAG_UNITS.values() and side > PRINTED_UM else side
