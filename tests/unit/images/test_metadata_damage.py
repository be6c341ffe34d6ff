"""Whatever is wrong with the metadata of an image, its pixels are read as they are."""

import io
import logging
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms, PngImagePlugin

from cellpheno.annotations.formats import masks
from cellpheno.core.errors import StudyError
from cellpheno.images.conversion import Converter
from cellpheno.images.reading import picture_metadata
from cellpheno.images.reading.readers import read_field

NOISE = np.random.default_rng(0).integers(0, 4096, (3, 37, 43)).astype(np.uint16)
GREY, COLOURS = NOISE[0], np.moveaxis(NOISE, 0, -1).astype(np.uint8)
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
RESOLUTION = {"resolution": (20_000, 20_000), "resolutionunit": "CENTIMETER"}
LAYOUT = {
    *("ImageWidth", "ImageLength", "BitsPerSample", "Compression", "PhotometricInterpretation"),
    *("StripOffsets", "SamplesPerPixel", "RowsPerStrip", "StripByteCounts", "PlanarConfiguration"),
    *("SampleFormat", "Predictor", "NewSubfileType", "SubIFDs", "Orientation"),
}
"""Tags of a TIFF that say how its pixels are stored or turned."""


def exif(**tags) -> Image.Exif:
    found = Image.Exif()
    found.update({0x010E: "a field of cells", 0x0131: "Microscope 1.0", 0x011A: 72.0})
    return found


def tiff(pixels=GREY, **options) -> bytes:
    buffer = io.BytesIO()
    tags = [(34675, 7, len(PROFILE), PROFILE, True), (315, 2, 0, "A. Person", True)]
    tifffile.imwrite(buffer, pixels, extratags=tags, **options)
    return buffer.getvalue()


def picture(form, pixels=COLOURS, **options) -> bytes:
    buffer = io.BytesIO()
    image = Image.fromarray(pixels)
    image.save(buffer, form, exif=exif(), icc_profile=PROFILE, dpi=(300, 300), **options)
    return buffer.getvalue()


def texts() -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text("Description", "a field of cells", zip=True)
    info.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta>cells</x:xmpmeta>")
    return info


NAMED = {"axes": "YX", "Channel": {"Name": ["a"]}, "PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5}
IMAGEJ = {"axes": "YX", "unit": "micron", "Labels": ["a"], "Info": "cells of a plate"}
FILES = {
    "plain.tif": tiff(metadata=None, description="cells of a plate", **RESOLUTION),
    "lzw.tif": tiff(metadata=None, description="cells", compression="lzw", **RESOLUTION),
    "named.ome.tif": tiff(ome=True, metadata=NAMED, **RESOLUTION),
    "imagej.tif": tiff(imagej=True, metadata=IMAGEJ, resolution=(2, 2)),
    "shaped.tif": tiff(metadata={"axes": "YX"}, software="Microscope 1.0", **RESOLUTION),
    "colour.tif": tiff(COLOURS, photometric="rgb", metadata=None, **RESOLUTION),
    "grey.png": picture("PNG", GREY, pnginfo=texts()),
    "colour.png": picture("PNG", pnginfo=texts()),
    "colour.jpg": picture("JPEG", comment="cells of a plate"),
}


def places(name: str, content: bytes) -> np.ndarray:
    """Return where the bytes of a file's metadata are."""
    if name.endswith(".tif"):
        with tifffile.TiffFile(io.BytesIO(content)) as file:
            tags = [tag for tag in file.pages[0].tags if tag.name not in LAYOUT]
        spans = [(tag.valueoffset, tag.valuebytecount) for tag in tags]
        spans += [(tag.offset + 2, 10) for tag in tags]
        return np.concatenate([np.arange(start, start + size) for start, size in spans])
    kept = picture_metadata.without(content)
    found, end = [], 0
    for kind, part in picture_metadata._parts(content):
        if picture_metadata._is_metadata(kind):
            # kind and length are the frame of the file
            found.append(np.arange(end + (8 if name.endswith(".png") else 4), end + len(part)))
        end += len(part)
    assert len(kept) < len(content)
    return np.concatenate(found)


def outcome(path, planes=None):
    try:
        return read_field({"image": str(path)}, ["image"], {"planes": planes or {}})
    except StudyError as error:
        return str(error)


@pytest.fixture(autouse=True)
def _quiet():
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["a bit", "bytes", "all"])
def test_forty_files_with_damaged_metadata_keep_their_pixels(tmp_path, name, damage):
    random, path = np.random.default_rng(zlib.crc32(name.encode())), tmp_path / name
    path.write_bytes(FILES[name])
    whole = outcome(path)
    assert whole.faults == ()
    where = places(name, FILES[name])
    for _ in range(40):
        content = np.frombuffer(FILES[name], np.uint8).copy()
        match damage:
            case "a bit":
                content[random.choice(where)] ^= 1 << random.integers(8)
            case "bytes":
                content[random.choice(where, 12)] = random.integers(0, 256, 12)
            case _:
                content[where] = random.integers(0, 256, len(where))
        path.write_bytes(content)
        found = outcome(path)
        if isinstance(found, str):
            assert "stored turned" in found or "save it again from Fiji" in found
        else:
            np.testing.assert_array_equal(found.channels["image"], whole.channels["image"])


def spoilt(path, old: bytes, new: bytes, pixels=GREY, **options):
    """Write a TIFF and exchange some bytes of its description for others of the same length."""
    tifffile.imwrite(path, pixels, photometric="minisblack", **options)
    content = path.read_bytes()
    assert old in content
    assert len(old) == len(new)
    path.write_bytes(content.replace(old, new))
    return path


def test_an_ome_tiff_with_a_bare_ampersand_is_read_without_name_and_pixel_size(tmp_path):
    path = spoilt(tmp_path / "a.tif", b'Name="a"', b'Name="&"', ome=True, metadata=NAMED)
    field = outcome(path)
    np.testing.assert_array_equal(field.channels["image"], GREY)
    assert np.isnan(field.pixel_size_um)
    assert f"{path}: its OME-XML is damaged (not well-formed" in field.faults[0]
    sentence = outcome(path, {"image": "a"})
    assert "no plane 'a'" in sentence
    assert "its OME-XML is damaged" in sentence


def test_of_several_images_nothing_is_guessed_when_the_description_is_damaged(tmp_path):
    named = {"axes": "CYX", "Channel": {"Name": ["a", "b", "c"]}}
    path = spoilt(tmp_path / "a.tif", b'"a"', b'"&"', NOISE, ome=True, metadata=named)
    assert "save it again from Fiji" in outcome(path, {"image": 2})
    path = spoilt(
        tmp_path / "b.tif", b"channels=3", b"channels=9", NOISE, imagej=True, truncate=True
    )
    assert "save it again from Fiji" in outcome(path)
    assert "save it again from Fiji" in outcome(path, {"image": 1})


@pytest.mark.parametrize("size", [1e-7, 2.5e6])
def test_a_pixel_size_that_no_microscope_has_counts_as_unknown(tmp_path, size):
    metadata = {"axes": "YX", "PhysicalSizeX": size, "PhysicalSizeY": size}
    tifffile.imwrite(tmp_path / "a.ome.tif", GREY, metadata=metadata)
    field = outcome(tmp_path / "a.ome.tif")
    assert np.isnan(field.pixel_size_um)
    assert f"its pixel size of {size:.3g} um counts as unknown" in field.faults[0]


def test_a_field_with_damaged_metadata_is_used_and_remarked_on(tmp_path):
    path = spoilt(tmp_path / "a.tif", b'Name="a"', b'Name="&"', ome=True, metadata=NAMED)
    composite = {"rescale": "percentile", "percentiles": [1, 99], "window": {}}
    converter = Converter(["image"], composite)
    row = {"field": "f", "condition": "c", "replicate": "r", "group": "g", "image": str(path)}
    assert len(list(converter.images([row]))) == 1
    record = converter.table().iloc[0]
    assert record["verdict"] == "ok"
    assert "its OME-XML is damaged" in record["remark"]


def test_a_mask_with_damaged_metadata_keeps_its_cells(tmp_path):
    mask = np.zeros((20, 20), np.uint8)
    mask[2:5, 3:9] = 1
    Image.fromarray(mask).save(tmp_path / "m.png", icc_profile=PROFILE)
    content = bytearray((tmp_path / "m.png").read_bytes())
    content[content.index(b"iCCP") + 20] ^= 255
    (tmp_path / "m.png").write_bytes(content)
    assert [region.box for region in masks.read(tmp_path / "m.png", "").regions] == [(3, 2, 9, 5)]
