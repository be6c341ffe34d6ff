"""TIFF files with several planes: which one is a channel, how large a pixel is, what is refused."""

import io
import struct
import zlib

import numpy as np
import pytest
import tifffile

from cellpheno.core.errors import StudyError
from cellpheno.images.reading import tiff
from cellpheno.images.reading.readers import read_field

STACK = np.arange(2 * 3 * 20 * 30, dtype=np.uint16).reshape(2, 3, 20, 30)  # [Z, C, Y, X]
PLANES = STACK[0]
COLOURS = np.dstack(list(PLANES)).astype(np.uint8)


def read(path, planes=None, z_stack="refuse", channels=None):
    """Return the field of one file that serves all channels."""
    names = channels or list(planes or ["image"])
    settings = {"planes": planes or {}, "z_stack": z_stack}
    return read_field({name: str(path) for name in names}, names, settings)


def channel(path, plane, z_stack="refuse"):
    return read(path, {"image": plane}, z_stack).channels["image"]


def refusal(path, plane=None, z_stack="refuse") -> str:
    with pytest.raises(StudyError) as error:
        read(path, None if plane is None else {"image": plane}, z_stack)
    sentence = str(error.value)
    assert str(path) in sentence
    assert "\n" not in sentence
    return sentence


@pytest.fixture
def ome(tmp_path):
    """An OME-TIFF of three named channels at two focal depths."""
    named = {"axes": "ZCYX", "Channel": {"Name": ["DAPI", "GFP", "405"]}}
    tifffile.imwrite(tmp_path / "a.ome.tif", STACK, metadata=named, compression="zlib")
    return tmp_path / "a.ome.tif"


def plain(path, pixels=PLANES, **options):
    tifffile.imwrite(path, pixels, photometric="minisblack", **{"metadata": None, **options})
    return path


@pytest.mark.parametrize("options", [{}, {"compression": "lzw"}, {"byteorder": ">"}])
def test_pages_are_planes_by_number_counted_from_one(tmp_path, options):
    path = plain(tmp_path / "a.tif", **options)
    field = read(path, {"actin": 3, "dapi": 1})
    assert list(field.channels) == ["actin", "dapi"]
    np.testing.assert_array_equal(field.channels["actin"], PLANES[2])
    np.testing.assert_array_equal(field.channels["dapi"], PLANES[0])
    assert field.channels["actin"].dtype == np.uint16


def kinds_of_pages():
    random = np.random.default_rng(0)
    for dtype in (np.uint8, np.uint16, np.int16, np.uint32, np.float32, np.float64, np.bool_):
        yield np.dtype(dtype).name, (random.random((150, 170)) * 200).astype(dtype), {}
    noise = random.integers(0, 60_000, (150, 170), dtype=np.uint16)
    yield "last byte first", noise, {"byteorder": ">"}
    yield "differences", noise, {"predictor": True}
    yield "differences of numbers", noise.astype(np.float32), {"predictor": 3}
    yield "tiles", noise, {"tile": (64, 48), "predictor": True}
    yield "strips", noise, {"rowsperstrip": 7}
    yield "white is zero", noise, {"photometric": "miniswhite"}
    yield "large file", noise, {"bigtiff": True}
    yield "named", noise, {"metadata": {"axes": "YX"}, "ome": True}


@pytest.mark.parametrize(
    ("pixels", "options"), [pytest.param(*rest, id=name) for name, *rest in kinds_of_pages()]
)
def test_a_page_packed_by_lzw_has_the_values_that_tifffile_reads(tmp_path, pixels, options):
    settings = {"photometric": "minisblack", "metadata": None, "compression": "lzw", **options}
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, pixels, **settings)
    with path.open("rb") as handle, tiff.opened(path, handle) as planes:
        found = planes.read(0, 0)
    expected = tifffile.imread(path)
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(expected, pixels)


@pytest.mark.parametrize("predictor", [False, True])
def test_damage_in_a_page_packed_by_lzw_is_reported_wherever_tifffile_sees_it(tmp_path, predictor):
    random = np.random.default_rng(1)
    pixels = random.integers(0, 4000, (150, 170), dtype=np.uint16)
    path = plain(tmp_path / "a.tif", pixels, compression="lzw", predictor=predictor, rowsperstrip=9)
    whole = bytearray(path.read_bytes())
    refused = 0
    for _ in range(60):
        damaged = bytearray(whole)
        for place in random.integers(400, len(whole), 30):
            damaged[place] ^= 1 << random.integers(8)
        path.write_bytes(damaged)
        try:
            expected = tifffile.imread(path)
        except Exception:  # whatever a codec raises
            refusal(path)
            refused += 1
        else:
            np.testing.assert_array_equal(read(path).channels["image"], expected)
    assert refused > 10


def test_planes_behind_one_described_page_are_read(tmp_path):
    path = plain(tmp_path / "a.tif", truncate=True, metadata={})
    assert len(tifffile.TiffFile(path).pages) == 1
    np.testing.assert_array_equal(channel(path, 3), PLANES[2])


def test_several_planes_without_an_entry_are_refused_with_what_the_file_holds(tmp_path, ome):
    assert "number 1 to 3, without names" in refusal(plain(tmp_path / "a.tif"))
    sentence = refusal(ome)
    assert "1 'DAPI', 2 'GFP', 3 '405'" in sentence
    assert "image_files.planes" in sentence


def test_channels_of_an_ome_tiff_are_found_by_name(ome):
    np.testing.assert_array_equal(channel(ome, "GFP", "max"), STACK[1, 1])


def test_a_name_of_digits_is_a_name_and_a_number_a_number(ome):
    np.testing.assert_array_equal(channel(ome, "405", "max"), STACK[1, 2])
    assert "no plane 405" in refusal(ome, 405)


def test_an_unknown_name_or_number_is_refused_with_the_known_ones(tmp_path, ome):
    assert "'gfp'" in refusal(ome, "gfp")
    assert "1 'DAPI'" in refusal(ome, "gfp")
    assert "no plane 4" in refusal(plain(tmp_path / "a.tif"), 4)
    assert "without names" in refusal(plain(tmp_path / "a.tif"), "DAPI")


def test_a_name_that_two_channels_have_is_refused(tmp_path):
    named = {"axes": "CYX", "Channel": {"Name": ["GFP", "GFP", "DAPI"]}}
    tifffile.imwrite(tmp_path / "a.ome.tif", PLANES, metadata=named)
    assert "several planes 'GFP'" in refusal(tmp_path / "a.ome.tif", "GFP")
    np.testing.assert_array_equal(channel(tmp_path / "a.ome.tif", 2), PLANES[1])


def test_labels_of_an_imagej_hyperstack_are_names(tmp_path):
    labels = {"axes": "CYX", "Labels": ["DAPI", "GFP", "RFP"]}
    tifffile.imwrite(tmp_path / "a.tif", PLANES, imagej=True, metadata=labels)
    np.testing.assert_array_equal(channel(tmp_path / "a.tif", "RFP"), PLANES[2])


@pytest.mark.parametrize(
    ("z_stack", "expected"),
    [
        ("max", np.array([[5, 9]])),
        ("mean", np.array([[2, 8]])),  # 2.25 and 7.75
        ("middle", np.array([[1, 7]])),  # the earlier one of two
    ],
)
def test_a_stack_of_focal_planes_becomes_one_image(tmp_path, z_stack, expected):
    stack = np.array([[[3, 6]], [[1, 7]], [[0, 9]], [[5, 9]]], np.uint16)
    tifffile.imwrite(tmp_path / "a.tif", stack, metadata={"axes": "ZYX"}, photometric="minisblack")
    pixels = read(tmp_path / "a.tif", z_stack=z_stack).channels["image"]
    assert pixels.dtype == np.uint16
    np.testing.assert_array_equal(pixels, expected)


def test_a_stack_of_focal_planes_is_refused_unless_the_config_says_what_to_do(ome):
    sentence = refusal(ome, "GFP")
    assert "2 focal planes" in sentence
    assert "image_files.z_stack" in sentence


@pytest.mark.parametrize("axes", ["ZYX", "TYX"])
@pytest.mark.parametrize("kind", ["imagej", "ome"])
def test_slices_or_points_of_time_can_be_channels(tmp_path, axes, kind):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, PLANES, **{kind: True}, metadata={"axes": axes})
    field = read(path, {"actin": 3, "dapi": 1}, "channels")
    np.testing.assert_array_equal(field.channels["actin"], PLANES[2])
    np.testing.assert_array_equal(field.channels["dapi"], PLANES[0])
    assert "number 1 to 3" in refusal(path, z_stack="channels")
    assert "no plane 4" in refusal(path, 4, "channels")


def test_labels_of_slices_that_are_channels_are_names(tmp_path):
    labels = {"axes": "ZYX", "Labels": ["DAPI", "GFP", "RFP"]}
    tifffile.imwrite(tmp_path / "a.tif", PLANES, imagej=True, metadata=labels)
    np.testing.assert_array_equal(channel(tmp_path / "a.tif", "RFP", "channels"), PLANES[2])


@pytest.mark.parametrize("axes", ["ZYX", "TYX"])
@pytest.mark.parametrize("z_stack", ["refuse", "max"])
@pytest.mark.parametrize("planes", [{"actin": 1, "dapi": 2}, {"dapi": 3}, {"dapi": "GFP"}])
def test_planes_beyond_the_channels_of_a_stack_are_refused_with_the_key_to_set(
    tmp_path, axes, z_stack, planes
):
    labels = {"axes": axes, "Labels": ["DAPI", "GFP", "RFP"]}
    tifffile.imwrite(tmp_path / "a.tif", PLANES, imagej=True, metadata=labels)
    with pytest.raises(
        StudyError, match=r"planes asks for more; .* set image_files\.z_stack: channels"
    ):
        read(tmp_path / "a.tif", planes, z_stack)


def test_slices_of_a_file_with_channels_are_no_channels(ome, tmp_path):
    assert "3 channels at 2 focal planes" in refusal(ome, "GFP", "channels")
    np.testing.assert_array_equal(channel(plain(tmp_path / "a.tif"), 2, "channels"), PLANES[1])


def test_a_time_series_is_refused_with_what_to_do(tmp_path):
    tifffile.imwrite(tmp_path / "a.ome.tif", STACK, metadata={"axes": "TCYX"})
    sentence = refusal(tmp_path / "a.ome.tif", 1)
    assert "time series of 2 points" in sentence
    assert "files of their own" in sentence


def test_several_images_in_a_file_are_refused(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(PLANES[0])
        file.write(PLANES[1, :10])
    assert "2 images" in refusal(tmp_path / "a.tif", 1)


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_colours_are_planes_by_name_and_by_number(tmp_path, planar):
    pixels = COLOURS if planar == "contig" else np.moveaxis(COLOURS, -1, 0)
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="rgb", planarconfig=planar)
    np.testing.assert_array_equal(channel(tmp_path / "a.tif", "green"), COLOURS[..., 1])
    np.testing.assert_array_equal(channel(tmp_path / "a.tif", 3), COLOURS[..., 2])
    assert "'yellow'" in refusal(tmp_path / "a.tif", "yellow")


def test_luminance_and_a_colour_of_one_file_may_both_be_channels(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", COLOURS, photometric="rgb")
    field = read(tmp_path / "a.tif", {"red": "red"}, channels=["grey", "red"])
    np.testing.assert_array_equal(field.channels["red"], COLOURS[..., 0])
    assert (field.channels["grey"] != field.channels["red"]).any()


def test_a_palette_shows_values_and_its_colours_can_be_asked_for(tmp_path):
    palette = np.zeros((3, 256), np.uint16)
    palette[1, 7] = 65535
    values = np.array([[7, 8]], np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="palette", colormap=palette)
    np.testing.assert_array_equal(read(tmp_path / "a.tif").channels["image"], values)
    assert channel(tmp_path / "a.tif", "green").tolist() == [[65535, 0]]
    assert channel(tmp_path / "a.tif", "red").tolist() == [[0, 0]]


def test_samples_of_a_pixel_that_are_no_colours_are_planes(tmp_path):
    tifffile.imwrite(
        tmp_path / "a.tif", np.moveaxis(PLANES, 0, -1), photometric="minisblack", planarconfig=1
    )
    np.testing.assert_array_equal(channel(tmp_path / "a.tif", 2), PLANES[1])
    assert "without names" in refusal(tmp_path / "a.tif")


def test_two_channels_that_are_the_same_plane_are_refused(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", COLOURS, photometric="rgb")
    with pytest.raises(StudyError, match="same plane as the channels actin and dapi"):
        read(tmp_path / "a.tif", {"actin": "red", "dapi": 1})


def test_only_the_pages_that_are_asked_for_are_decoded(tmp_path):
    path = plain(tmp_path / "a.tif", compression="zlib")
    with tifffile.TiffFile(path, mode="r+b") as file:
        file.filehandle.seek(file.pages[0].dataoffsets[0])
        file.filehandle.write(b"damaged")
    np.testing.assert_array_equal(channel(path, 2), PLANES[1])
    assert "cannot be read as TIFF" in refusal(path, 1)


def test_twelve_bits_packed_into_bytes_become_sixteen(tmp_path):
    pixels = np.array([[0xABC, 0x123], [0xFFF, 0x001]], np.uint16)
    tags = [(256, 4, 2), (257, 4, 2), (258, 3, 12), (259, 3, 1), (262, 3, 1)]
    tags += [(273, 4, 8), (277, 3, 1), (278, 4, 2), (279, 4, 6)]
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    packed = bytes.fromhex("abc123fff001")
    (tmp_path / "a.tif").write_bytes(
        b"II*\0"
        + struct.pack("<I", 14)
        + packed
        + struct.pack("<H", len(tags))
        + entries
        + bytes(4)
    )
    np.testing.assert_array_equal(read(tmp_path / "a.tif").channels["image"], pixels)


def pixel_size(path):
    return read(path, {"image": 1}, "max").pixel_size_um


@pytest.mark.parametrize(
    ("unit", "size", "expected"), [("µm", 0.5, 0.5), ("nm", 325.0, 0.325), ("pixel", 1, np.nan)]
)
def test_ome_gives_the_pixel_size_with_its_unit(tmp_path, unit, size, expected):
    metadata = {f"PhysicalSize{axis}": size for axis in "XY"}
    metadata |= {f"PhysicalSize{axis}Unit": unit for axis in "XY"}
    tifffile.imwrite(tmp_path / "a.ome.tif", PLANES, metadata={"axes": "CYX", **metadata})
    assert pixel_size(tmp_path / "a.ome.tif") == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(("unit", "expected"), [("micron", 0.4), ("\\u00B5m", 0.4), ("", np.nan)])
def test_imagej_gives_pixels_per_micron(tmp_path, unit, expected):
    metadata = {"axes": "CYX", "unit": unit}
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, PLANES, imagej=True, metadata=metadata, resolution=(2.5, 2.5))
    assert pixel_size(path) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    ("resolution", "unit", "expected"),
    [
        ((20_000, 20_000), "CENTIMETER", 0.5),
        ((50_800, 50_800), "INCH", 0.5),
        ((72, 72), "INCH", np.nan),
        ((96, 96), "INCH", np.nan),
        ((300, 300), "INCH", np.nan),
        ((20_000, 20_000), "NONE", np.nan),
        ((20_000, 10_000), "CENTIMETER", np.nan),
    ],
)
def test_resolution_tags_tell_the_pixel_size_unless_it_is_a_printers(
    tmp_path, resolution, unit, expected
):
    path = plain(tmp_path / "a.tif", resolution=resolution, resolutionunit=unit)
    assert pixel_size(path) == pytest.approx(expected, nan_ok=True)


def test_a_huge_declared_size_is_refused_before_memory_is_taken(tmp_path):
    path = plain(tmp_path / "a.tif", PLANES[0], compression="zlib")
    with tifffile.TiffFile(path, mode="r+b") as file:
        for tag in ("ImageWidth", "ImageLength", "RowsPerStrip"):
            file.pages[0].tags[tag].overwrite(2**20)
    assert f"{2**20} x {2**20} px" in refusal(path)


def test_a_strip_that_unpacks_to_more_than_was_declared_is_refused(tmp_path):
    path = plain(tmp_path / "a.tif", PLANES[0], compression="zlib")
    bomb = zlib.compress(bytes(50_000_000), 9)
    with tifffile.TiffFile(path, mode="r+b") as file:
        end = file.filehandle.size
        file.filehandle.seek(end)
        file.filehandle.write(bomb)
        file.pages[0].tags["StripOffsets"].overwrite(end)
        file.pages[0].tags["StripByteCounts"].overwrite(len(bomb))
    assert "cannot be read as TIFF" in refusal(path)


def test_a_jpeg_strip_that_is_cut_short_is_refused_and_not_filled_with_grey(tmp_path):
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (64, 64), dtype=np.uint8)
    tifffile.imwrite(buffer, noise, compression="jpeg", metadata=None)
    (tmp_path / "a.tif").write_bytes(buffer.getvalue()[:-100])
    assert "cut short" in refusal(tmp_path / "a.tif")


def test_pages_that_form_a_circle_are_refused(tmp_path):
    path = plain(tmp_path / "a.tif")
    content = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as file:
        start, entries = file.pages[2].offset, len(file.pages[2].tags)
        first = file.pages[1].offset
    struct.pack_into("<I", content, start + 2 + 12 * entries, first)
    path.write_bytes(content)
    assert "circle" in refusal(path, 1)


def test_a_page_that_lies_in_another_file_is_missed(tmp_path):
    whole = tmp_path / "whole.ome.tif"
    tifffile.imwrite(whole, PLANES, metadata={"axes": "CYX"})
    with tifffile.TiffFile(whole) as file:
        description = file.ome_metadata
    plain(tmp_path / "a.ome.tif", PLANES[:2], description=description)
    np.testing.assert_array_equal(channel(tmp_path / "a.ome.tif", 2), PLANES[1])
    assert "lacks page 3 of 3" in refusal(tmp_path / "a.ome.tif", 3)
