"""Convert annotators' labels and scale to those of the study, with a note on every change."""

import collections
import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cellpheno.annotations.regions import (
    BOX_AROUND,
    WITHOUT_CELLS,
    WITHOUT_REGIONS,
    AnnotatedImage,
    FieldNames,
    Note,
    Region,
)
from cellpheno.core.errors import StudyError


def clean(images: Iterable[AnnotatedImage], settings: Mapping[str, Any]) -> list[AnnotatedImage]:
    """Convert images to the config's classes and to pixels of the raw field.

    `settings` is the config's section `annotations` for one annotator. An image whose regions
    were all ignored does not count as annotated, because it was not found empty.
    """
    return [
        _scaled(
            _classified(_outlined(image), settings["rename"], settings["ignore"]),
            settings["pixel_scale"],
            settings["annotator"],
        )
        for image in images
    ]


def _outlined(image: AnnotatedImage) -> AnnotatedImage:
    """Note outlines, of which only box and area are kept."""
    if not image.gone_through:
        return _noted(image, Note(WITHOUT_REGIONS, "does not count as annotated", 0))
    if not image.regions:
        return _noted(image, Note(WITHOUT_REGIONS, WITHOUT_CELLS, 0))
    shapes = collections.Counter(region.shape for region in image.regions)
    del shapes["rectangle"]
    return _noted(
        image,
        *(
            Note(f"outline of the shape {shape}", BOX_AROUND, n)
            for shape, n in sorted(shapes.items())
        ),
    )


def _classified(
    image: AnnotatedImage, rename: Mapping[str, str], ignore: Sequence[str]
) -> AnnotatedImage:
    """Give regions the config's class names and leave out ignored ones."""
    tidied: collections.Counter[str] = collections.Counter()
    ignored: collections.Counter[str] = collections.Counter()
    regions: list[Region] = []
    for region in image.regions:
        label = tidy(region.label)
        tidied[region.label] += label != region.label
        if label in ignore:
            ignored[label] += 1
        else:
            regions.append(dataclasses.replace(region, label=rename.get(label, label)))
    notes = [
        Note("label with stray blanks or line ends", f"read as {tidy(label)!r}", n, repr(label))
        for label, n in sorted(tidied.items())
        if n
    ]
    notes += [
        Note("label in annotations.ignore", "left out", n, label)
        for label, n in sorted(ignored.items())
    ]
    gone_through = image.gone_through
    if image.regions and not regions:
        gone_through = False
        notes.append(Note("image without other regions", "does not count as annotated", 0))
    image = dataclasses.replace(image, regions=tuple(regions), gone_through=gone_through)
    return _noted(image, *notes)


def tidy(label: str) -> str:
    """Return a label without surrounding blanks and line ends."""
    return label.strip()


def _scaled(image: AnnotatedImage, scale: float, annotator: str) -> AnnotatedImage:
    """Return an image with its annotator, in pixels of the raw field."""
    image = dataclasses.replace(image, annotator=annotator)
    if scale == 1:
        return image
    regions = tuple(
        dataclasses.replace(
            region,
            box=(left * scale, top * scale, right * scale, bottom * scale),
            area=None if region.area is None else region.area * scale**2,
        )
        for region in image.regions
        for left, top, right, bottom in [region.box]
    )
    size = (image.size[0] * scale, image.size[1] * scale) if image.size else None
    return dataclasses.replace(image, regions=regions, size=size)


def refuse_shares(images: Iterable[AnnotatedImage]) -> None:
    """Raise a StudyError for a file with coordinates in shares of the image, not in pixels.

    All its coordinates are within 0 and 1, and some are fractions. Pascal VOC's lower edges have
    lost 1 before.
    """
    edges: dict[str, list[float]] = collections.defaultdict(list)
    for image in images:
        edges[image.source] += [edge for region in image.regions for edge in region.box]
    for source, values in edges.items():
        if any(value % 1 for value in values) and max(map(abs, values)) <= 1:
            raise StudyError(
                f"All coordinates in {source} lie within 0 and 1, so they are shares of the image; "
                "pixels are expected: multiply x by the image's width and y by its height."
            )


def check_sizes(images: Iterable[AnnotatedImage], known: FieldNames, scale: float) -> None:
    """Raise a StudyError for an image that was annotated at another size than its field's.

    Images are scaled; those of unknown size pass. A reduced view may differ by one of its own
    pixels of `scale`, which is `annotations.pixel_scale`.
    """
    for image in images:
        field = known.field(image) if image.size else None
        if field is None or image.size is None:
            continue
        size = float(known.rows[field]["width"]), float(known.rows[field]["height"])
        # an unreadable field has no size
        if any(abs(a - b) >= max(scale, 1) for a, b in zip(image.size, size, strict=True)):
            shown = [f"{width / scale:g} x {height / scale:g}" for width, height in (image.size,)]
            raise StudyError(
                f"{image.name} in {image.source} was annotated at {shown[0]} px, but the field "
                f"{field} has {size[0]:g} x {size[1]:g} px (annotations.pixel_scale is {scale:g}); "
                "set annotations.pixel_scale to pixels of the field per pixel of the annotated "
                "image, or annotate the field itself."
            )


def _noted(image: AnnotatedImage, *notes: Note) -> AnnotatedImage:
    return dataclasses.replace(image, notes=(*image.notes, *notes))
