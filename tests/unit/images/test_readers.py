"""Reading a field: the files' own depth, colours to luminance, and clear refusals."""

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
import tifffile
from one_channel import read_channel
from PIL import Image, PngImagePlugin

from cellpheno.core.errors import StudyError
from cellpheno.images.reading import readers
from cellpheno.images.reading.readers import read_field

GREY = np.arange(20 * 30, dtype=np.uint16).reshape(20, 30)
GREY8 = (GREY % 251).astype(np.uint8)
COLOURS = np.dstack([GREY8, GREY8[::-1], GREY8[:, ::-1]])
LUMINANCE = np.rint(COLOURS @ [0.299, 0.587, 0.114])


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("compression", [None, "zlib", "lzw"])
def test_a_tiff_keeps_its_dtype_and_values(tmp_path, dtype, compression):
    pixels = (GREY % 251).astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", pixels, compression=compression)
    channel = read_channel(tmp_path / "a.tif")
    assert channel.dtype == dtype
    np.testing.assert_array_equal(channel, pixels)


def test_sixteen_bits_of_a_png_are_not_truncated(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), GREY * 100)
    channel = read_channel(tmp_path / "a.png")
    assert channel.dtype == np.uint16
    np.testing.assert_array_equal(channel, GREY * 100)


def test_sixteen_bit_colour_stays_sixteen_bit(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.dstack([GREY * 100] * 3))
    np.testing.assert_array_equal(read_channel(tmp_path / "a.png"), GREY * 100)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGB", "RGBA"])
def test_every_mode_of_png_gives_the_same_grey(tmp_path, mode):
    Image.fromarray(GREY8).convert(mode).save(tmp_path / "a.png")
    channel = read_channel(tmp_path / "a.png")
    assert channel.dtype == np.uint8
    np.testing.assert_array_equal(channel, GREY8)


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp"])
def test_colours_become_luminance_and_red_is_not_taken_for_blue(tmp_path, suffix):
    Image.fromarray(COLOURS).save(tmp_path / f"a.{suffix}")
    assert np.abs(read_channel(tmp_path / f"a.{suffix}") - LUMINANCE).max() <= 1


def test_the_opacity_of_a_colour_image_is_passed_over(tmp_path):
    opacity = np.zeros_like(GREY8)
    Image.fromarray(np.dstack([COLOURS, opacity])).save(tmp_path / "a.png")
    assert np.abs(read_channel(tmp_path / "a.png") - LUMINANCE).max() <= 1


def test_a_planar_colour_tiff_is_read_as_colours(tmp_path):
    planes = np.moveaxis(COLOURS, -1, 0)
    tifffile.imwrite(tmp_path / "a.tif", planes, photometric="rgb", planarconfig="separate")
    assert np.abs(read_channel(tmp_path / "a.tif") - LUMINANCE).max() <= 1


def test_a_grey_jpeg_is_read(tmp_path):
    Image.fromarray(np.full((16, 16), 90, np.uint8)).save(tmp_path / "a.JPG", "JPEG")
    assert (read_channel(tmp_path / "a.JPG") == 90).all()


def test_one_bit_becomes_zero_and_255(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", GREY8 > 100)
    np.testing.assert_array_equal(read_channel(tmp_path / "a.tif"), (GREY8 > 100) * 255)


def test_wider_integers_that_fit_become_sixteen_bit(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", GREY.astype(np.int32) * 100)
    channel = read_channel(tmp_path / "a.tif")
    assert channel.dtype == np.uint16
    np.testing.assert_array_equal(channel, GREY * 100)


@pytest.mark.parametrize("value", [-1, 65536])
def test_integers_that_do_not_fit_are_refused(tmp_path, value):
    tifffile.imwrite(tmp_path / "a.tif", np.full((4, 4), value, np.int32))
    with pytest.raises(StudyError, match=rf"a\.tif .*{value}"):
        read_channel(tmp_path / "a.tif")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_no_numbers_are_refused(tmp_path, value):
    pixels = np.ones((4, 4), np.float32)
    pixels[2, 2] = value
    tifffile.imwrite(tmp_path / "a.tif", pixels)
    with pytest.raises(StudyError, match=r"a\.tif .*not numbers"):
        read_channel(tmp_path / "a.tif")


@pytest.mark.parametrize("suffix", ["tif", "png", "jpg"])
def test_an_empty_file_is_refused(tmp_path, suffix):
    (tmp_path / f"a.{suffix}").touch()
    with pytest.raises(StudyError, match=rf"a\.{suffix} is empty"):
        read_channel(tmp_path / f"a.{suffix}")


@pytest.mark.parametrize("suffix", ["tif", "png", "jpg"])
def test_a_file_cut_short_is_refused(tmp_path, suffix):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / f"whole.{suffix}")
    content = (tmp_path / f"whole.{suffix}").read_bytes()
    (tmp_path / f"a.{suffix}").write_bytes(content[: len(content) // 2])
    with pytest.raises(StudyError, match=rf"a\.{suffix} cannot be read"):
        read_channel(tmp_path / f"a.{suffix}")


def test_a_file_of_another_kind_is_refused(tmp_path):
    (tmp_path / "a.tif").write_text("not an image")
    with pytest.raises(StudyError, match=r"a\.tif cannot be read as TIFF"):
        read_channel(tmp_path / "a.tif")
    with pytest.raises(StudyError, match=r"a\.lif .*\.tif"):
        read_channel(tmp_path / "a.lif")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(StudyError, match=r"a\.tif cannot be opened"):
        read_channel(tmp_path / "a.tif")


def test_several_channels_in_one_file_are_refused_and_not_read_as_one(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((2, 8, 9), np.uint16), photometric="minisblack")
    with pytest.raises(StudyError, match=r"a\.tif .*where one was expected"):
        read_channel(tmp_path / "a.tif")


def test_a_single_row_of_pixels_is_an_image(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", GREY[:1])
    np.testing.assert_array_equal(read_channel(tmp_path / "a.tif"), GREY[:1])


def write(path, pixels=GREY, **options):
    tifffile.imwrite(path, pixels, **options)
    return str(path)


def test_the_channels_of_a_field_come_in_the_order_of_the_study(tmp_path):
    row = {"dapi": write(tmp_path / "d.tif"), "actin": write(tmp_path / "a.tif", GREY8)}
    field = read_field({**row, "field": "f1"}, ["actin", "dapi"], {})
    assert list(field.channels) == ["actin", "dapi"]
    assert field.channels["actin"].dtype == np.uint8
    assert field.channels["dapi"].dtype == np.uint16
    assert np.isnan(field.pixel_size_um)


def test_the_fingerprint_of_a_field_is_that_of_its_pixels_in_order(tmp_path):
    one, two = write(tmp_path / "1.tif"), write(tmp_path / "2.tif", GREY8)
    copy = write(tmp_path / "3.tif", compression="lzw", description="saved again")
    contents = [
        read_field({"a": first, "b": second}, ["a", "b"], {}).content
        for first, second in [(one, two), (copy, two), (two, one)]
    ]
    assert contents[0] == contents[1]
    assert contents[0] != contents[2]


def test_the_same_file_as_two_channels_is_refused(tmp_path):
    path = write(tmp_path / "a.tif")
    with pytest.raises(StudyError, match=r"same plane as the channels actin and dapi"):
        read_field({"actin": path, "dapi": path}, ["actin", "dapi"], {})


@pytest.mark.parametrize(("other", "expected"), [(20_000, 0.5), (None, 0.5), (10_000, np.nan)])
def test_files_that_contradict_each_other_tell_no_pixel_size(tmp_path, other, expected):
    tags = {"resolution": (20_000, 20_000), "resolutionunit": "CENTIMETER"}
    others = {**tags, "resolution": (other, other)} if other else {}
    row = {"a": write(tmp_path / "a.tif", **tags), "b": write(tmp_path / "b.tif", GREY8, **others)}
    size = read_field(row, ["a", "b"], {}).pixel_size_um
    assert size == pytest.approx(expected, nan_ok=True)


def test_a_picture_named_after_another_format_is_refused_unless_it_is_a_picture_too(tmp_path):
    Image.fromarray(GREY8).save(tmp_path / "jpeg.png", "JPEG", quality=100)
    assert read_channel(tmp_path / "jpeg.png").shape == GREY8.shape
    Image.fromarray(GREY8).save(tmp_path / "tiff.png", "TIFF")
    with pytest.raises(StudyError, match=r"tiff\.png is a TIFF file"):
        read_channel(tmp_path / "tiff.png")


def test_colours_of_a_picture_are_planes_by_name(tmp_path):
    Image.fromarray(COLOURS).save(tmp_path / "a.png")
    row = dict.fromkeys(["green", "blue"], str(tmp_path / "a.png"))
    field = read_field(row, ["green", "blue"], {"planes": {"green": "green", "blue": 3}})
    np.testing.assert_array_equal(field.channels["green"], COLOURS[..., 1])
    np.testing.assert_array_equal(field.channels["blue"], COLOURS[..., 2])


NAMES = ["red", "green", "blue"]


def read_colours(path):
    return read_field(dict.fromkeys(NAMES, str(path)), NAMES, {})


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.bmp"])
def test_channels_with_the_names_of_colours_are_the_colours_of_their_file(tmp_path, name):
    Image.fromarray(COLOURS).save(tmp_path / name)
    field = read_colours(tmp_path / name)
    for number, colour in enumerate(NAMES):
        np.testing.assert_array_equal(field.channels[colour], COLOURS[..., number])
    assert field.photograph == set(NAMES)
    alone = read_field({"blue": str(tmp_path / name)}, ["blue"], {})
    np.testing.assert_array_equal(alone.channels["blue"], COLOURS[..., 2])
    assert not alone.photograph
    assert readers.colours(tmp_path / name) == NAMES


@pytest.mark.parametrize("mode", ["L", "LA", "RGB"])
def test_a_grey_picture_among_pictures_in_colour_is_grey(tmp_path, mode):
    Image.fromarray(GREY8).convert(mode).save(tmp_path / "a.png")
    field = read_colours(tmp_path / "a.png")
    for channel in field.channels.values():
        np.testing.assert_array_equal(channel, GREY8)
    assert not field.photograph
    assert readers.colours(tmp_path / "a.png") == []


def test_one_grey_file_as_two_of_three_colours_is_refused(tmp_path):
    row = {"red": write(tmp_path / "a.tif"), "green": write(tmp_path / "b.tif", GREY8)}
    with pytest.raises(StudyError, match="same plane as the channels red and blue"):
        read_field({**row, "blue": row["red"]}, NAMES, {})


def test_sixteen_bits_in_colour_are_no_photograph(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", COLOURS.astype(np.uint16) * 100, photometric="rgb")
    assert not read_colours(tmp_path / "a.tif").photograph
    assert readers.colours(tmp_path / "a.tif") == NAMES


def test_a_colour_that_is_the_same_everywhere_shows_nothing(tmp_path):
    Image.fromarray(COLOURS * np.uint8([1, 1, 0])).save(tmp_path / "a.png")
    assert readers.colours(tmp_path / "a.png") == ["red", "green"]
    (tmp_path / "b.png").write_bytes(b"no picture")
    assert readers.colours(tmp_path / "b.png") == []


def png(width, height, compressed=b"", length=None):
    """Return a PNG of 16-bit colour whose data need not fit what it declares."""

    def chunk(kind, content, size=None):
        size = len(content) if size is None else size
        return (
            struct.pack(">I", size) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", compressed, length) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (png(10_000, 10_000), "10000 x 10000 px"),
        (png(2**15, 2**15), "cannot be read as an image"),
        (png(8000, 8000, b"far too little"), "do not hold 8000 x 8000 px"),
        (png(20, 20, bytes(100), length=2**31), "do not hold 20 x 20 px"),
    ],
    ids=["large", "huge", "without data", "a chunk beyond the end"],
)
def test_a_huge_declared_size_is_refused_before_memory_is_taken(tmp_path, content, word):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(StudyError, match=word):
        read_channel(tmp_path / "a.png")


def test_an_animated_picture_is_refused(tmp_path):
    frames = [Image.fromarray(GREY8), Image.fromarray(GREY8[::-1].copy())]
    frames[0].save(tmp_path / "a.png", save_all=True, append_images=frames[1:])
    with pytest.raises(StudyError, match="several images"):
        read_channel(tmp_path / "a.png")


def test_a_folder_that_is_no_zarr_is_refused(tmp_path):
    (tmp_path / "a.tif").mkdir()
    with pytest.raises(StudyError, match=r"a\.tif cannot be opened"):
        read_channel(tmp_path / "a.tif")


def test_numbers_beyond_32_bits_are_refused_and_not_made_infinite(tmp_path):
    with pytest.raises(StudyError, match="infinite"):
        read_channel(write(tmp_path / "a.tif", np.full((4, 4), 1e300)))


def exif(orientation: int) -> Image.Exif:
    found = Image.Exif()
    found[0x0112] = orientation
    return found


def png_with_late_exif(path, orientation):
    """Write a PNG whose EXIF block comes behind its pixels, as the format allows."""
    buffer = io.BytesIO()
    Image.fromarray(GREY8).save(buffer, "PNG")
    block = exif(orientation).tobytes().removeprefix(b"Exif\0\0")
    chunk = struct.pack(">I", len(block)) + b"eXIf" + block
    chunk += struct.pack(">I", zlib.crc32(b"eXIf" + block))
    path.write_bytes(buffer.getvalue()[:-12] + chunk + buffer.getvalue()[-12:])


def png_with_xmp(path, orientation):
    xmp = PngImagePlugin.PngInfo()
    xmp.add_itxt("XML:com.adobe.xmp", f'<rdf tiff:Orientation="{orientation}"/>', zip=True)
    Image.fromarray(GREY8).save(path, pnginfo=xmp)


def jpeg_with_xmp(path, orientation):
    xmp = f'<rdf tiff:Orientation="{orientation}"/>'.encode()
    Image.fromarray(GREY8).save(path, xmp=xmp, quality=100)


def tiff_turned(path, orientation, **options):
    tags = [(274, 3, 1, orientation, True)]
    tifffile.imwrite(path, GREY8, photometric="minisblack", extratags=tags, **options)


TURNED = {
    "a.jpg": lambda path, turn: Image.fromarray(GREY8).save(path, exif=exif(turn), quality=100),
    "xmp.jpg": jpeg_with_xmp,
    "a.png": lambda path, turn: Image.fromarray(GREY8).save(path, exif=exif(turn)),
    "late.png": png_with_late_exif,
    "xmp.png": png_with_xmp,
    "a.tif": lambda path, turn: tiff_turned(path, turn, metadata=None),
    "lzw.tif": lambda path, turn: tiff_turned(path, turn, metadata=None, compression="lzw"),
    "a.ome.tif": lambda path, turn: tiff_turned(path, turn, ome=True),
}


@pytest.mark.parametrize("name", TURNED)
@pytest.mark.parametrize("orientation", [2, 3, 6, 8])
def test_an_image_that_is_stored_turned_is_refused_in_every_format(tmp_path, name, orientation):
    TURNED[name](tmp_path / name, orientation)
    with pytest.raises(StudyError, match=rf"{name} is stored turned \(orientation {orientation}\)"):
        read_channel(tmp_path / name)


@pytest.mark.parametrize("name", TURNED)
@pytest.mark.parametrize("orientation", [0, 1, 9])
def test_an_image_that_is_stored_upright_is_read(tmp_path, name, orientation):
    TURNED[name](tmp_path / name, orientation)
    assert np.abs(read_channel(tmp_path / name).astype(int) - GREY8).max() <= 1


def test_the_orientation_of_every_page_counts(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        for orientation in (1, 3):
            tags = [(274, 3, 1, orientation, True)]
            file.write(GREY, metadata=None, extratags=tags, contiguous=False)
    with pytest.raises(StudyError, match="stored turned"):
        read_field({"a": str(tmp_path / "a.tif")}, ["a"], {"planes": {"a": 1}})
