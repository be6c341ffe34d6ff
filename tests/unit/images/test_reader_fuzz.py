"""Whatever is done to the bytes of an image file, it gives pixels or one sentence."""

import io
import logging

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from cellpheno.core.errors import StudyError
from cellpheno.images.reading.readers import read_field

NOISE = np.random.default_rng(0).integers(0, 4096, (3, 17, 23)).astype(np.uint16)
COLOURS = np.moveaxis(NOISE, 0, -1).astype(np.uint8)


def tiff(pixels, **options) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, pixels, **options)
    return buffer.getvalue()


def picture(pixels, form, mode=None) -> bytes:
    buffer = io.BytesIO()
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(buffer, form)
    return buffer.getvalue()


NAMED = {"axes": "CYX", "Channel": {"Name": ["a", "b", "c"]}, "PhysicalSizeX": 0.5}
LABELLED = {"axes": "CYX", "Labels": ["a", "b", "c"], "unit": "micron"}
FILES = {
    "plain.tif": tiff(NOISE[0]),
    "strips.tif": tiff(NOISE[0], compression="zlib", rowsperstrip=5, predictor=True),
    "lzw.tif": tiff(NOISE[0], compression="lzw"),
    "tiles.tif": tiff(NOISE[0].astype(np.float32), compression="zstd", tile=(16, 16)),
    "pages.tif": tiff(NOISE, photometric="minisblack", metadata=None),
    "named.ome.tif": tiff(NOISE, ome=True, metadata=NAMED),
    "imagej.tif": tiff(NOISE, imagej=True, metadata=LABELLED, resolution=(2, 2)),
    "colour.tif": tiff(COLOURS, photometric="rgb", compression="packbits"),
    "jpeg.tif": tiff(COLOURS, photometric="rgb", compression="jpeg"),
    "grey.png": picture(NOISE[0], "PNG"),
    "palette.png": picture(COLOURS, "PNG", "P"),
    "opaque.png": picture(COLOURS, "PNG", "RGBA"),
    "colour.jpg": picture(COLOURS, "JPEG"),
    "colour.bmp": picture(COLOURS, "BMP"),
}
FLIP = st.tuples(st.integers(0, 2**16), st.integers(0, 7))
CUT = st.tuples(st.integers(0, 2**16), st.binary(max_size=8), st.integers(0, 64))


def pixels(path):
    planes = {"image": 2} if path.name in ("pages.tif", "named.ome.tif", "imagej.tif") else {}
    read = read_field({"image": str(path)}, ["image"], {"planes": planes})
    return read.channels["image"]


def outcome(path):
    """Return the pixels of a file, or the sentence that refuses it."""
    try:
        return pixels(path)
    except StudyError as error:
        return str(error)


@pytest.fixture(autouse=True)
def _quiet():
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("name", FILES)
@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(flips=st.lists(FLIP, max_size=6), cuts=st.lists(CUT, max_size=2))
def test_a_changed_file_gives_pixels_or_one_sentence(tmp_path, name, flips, cuts):
    content = bytearray(FILES[name])
    for place, bit in flips:
        content[place % len(content)] ^= 1 << bit
    for place, inserted, removed in cuts:
        start = place % len(content)
        content[start : start + removed] = inserted
    (tmp_path / name).write_bytes(content)
    found = outcome(tmp_path / name)
    if isinstance(found, str):
        assert str(tmp_path / name) in found
        assert "\n" not in found
    else:
        assert found.ndim == 2
        assert found.dtype in (np.uint8, np.uint16, np.float32)
        assert np.isfinite(found).all()


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_anywhere_is_refused_or_gives_what_the_whole_file_gives(tmp_path, name):
    content = FILES[name]
    path = tmp_path / name
    path.write_bytes(content)
    whole = pixels(path)
    refused = 0
    for end in range(0, len(content), max(1, len(content) // 60)):
        path.write_bytes(content[:end])
        found = outcome(path)
        if isinstance(found, str):
            refused += 1
        else:
            np.testing.assert_array_equal(found, whole)
    assert refused > 30
