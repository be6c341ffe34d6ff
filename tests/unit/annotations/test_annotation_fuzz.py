"""Whatever a file contains, a reader of annotations returns valid boxes or one sentence."""

import math
import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from annotation_files import FILES, FUZZ, SOUND, VOC, mask, numbers, read, tiff, words
from hypothesis import example, given
from hypothesis import strategies as st

from cellpheno.annotations.formats import registry

# a reader that hangs ends the test run instead of holding it
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(params=FILES, ids=lambda param: "-".join(param))
def sound(request, tmp_path) -> tuple[str, Path, bytes]:
    """A format, a path with the right ending, and the content of a file that is read there."""
    name, file = request.param
    return name, tmp_path / file, SOUND[name][file]


def test_every_reader_is_fuzzed():
    assert set(registry.READERS) <= set(SOUND)


def test_the_files_that_are_damaged_here_were_sound(sound):
    assert any(image.regions for image in read(*sound))


# --------------------------------------------------------------------------- bytes


@FUZZ
@example(content=b"")
@example(content=b"\xef\xbb\xbf")
@example(content=b"\0" * 100)
@example(content=b"[" * 100_000)
@example(content=b'{"a":' * 100_000)
@example(content=b"<a>" * 100_000)
@example(content=b"9" * 10_000)
@example(content=b"a" * 200_000)
@example(content=b"\n" * 1000)
@example(content=b'"' + b"," * 1000)
@example(content="größer".encode("latin-1"))
@given(content=st.binary(max_size=200))
def test_any_bytes(sound, content):
    name, path, _ = sound
    read(name, path, content)


@FUZZ
@given(content=st.text(max_size=200), encoding=st.sampled_from(["utf-8", "utf-16", "utf-8-sig"]))
def test_any_text(sound, content, encoding):
    name, path, _ = sound
    read(name, path, content.encode(encoding, "replace"))


@FUZZ
@given(data=st.data())
def test_a_file_cut_off_anywhere(sound, data):
    name, path, content = sound
    read(name, path, content[: data.draw(st.integers(0, len(content) - 1))])


@FUZZ
@given(data=st.data())
def test_a_file_with_bytes_changed_put_in_and_taken_out(sound, data):
    name, path, content = sound
    changed = bytearray(content)
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, max(0, len(changed) - 1)))
        length = data.draw(st.integers(0, 3))
        changed[start : start + length] = data.draw(st.binary(max_size=4))
    read(name, path, bytes(changed))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "cp1252", "cp037"])
def test_a_file_in_another_encoding(sound, encoding):
    name, path, content = sound
    if name not in ("masks", "object_masks"):
        read(name, path, content.decode().encode(encoding))


# --------------------------------------------------------------------------- XML

XML_ENCODINGS = ["utf-8", "utf-16", "utf-7", "utf-32", "latin-1", "cp037", "big5", "hex", "idna"]


@FUZZ
@given(
    declared=st.sampled_from([*XML_ENCODINGS, "unknown", "rot13", "unicode_escape"]),
    used=st.sampled_from(["utf-8", "utf-16", "utf-16-le", "utf-7", "latin-1", "utf-8-sig"]),
)
def test_xml_that_declares_one_encoding_and_has_another(tmp_path, declared, used):
    document = VOC.replace('encoding="utf-8"', f'encoding="{declared}"')
    read("voc", tmp_path / "a.xml", document.encode(used))


@FUZZ
@given(
    part=st.sampled_from(["living", "2", "xmin", "<name>", "</object>", "</annotation>", "?>"]),
    instead=st.one_of(
        words,
        numbers.map(str),
        st.sampled_from(
            ["&lt;", "&#0;", "&#xD800;", "&x;", "<![CDATA[", "<!--", "<?x ?>", "<a:b/>"]
        ),
        st.sampled_from(
            ["nan", "inf", "-inf", "1e400", "\u0661", "0x10", " 5 ", "5,5", "<b>5</b>"]
        ),
    ),
)
def test_xml_with_parts_replaced(tmp_path, part, instead):
    document = VOC.replace(part, instead, 1)
    read("voc", tmp_path / "a.xml", document.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("declaration", ['e SYSTEM "file:///etc/hostname"', 'e "x"', '% e "x"'])
def test_entities_are_refused_in_every_encoding(tmp_path, encoding, declaration):
    document = VOC.replace('encoding="utf-8"?>', f"?><!DOCTYPE a [<!ENTITY {declaration}>]>")
    assert read("voc", tmp_path / "a.xml", document.encode(encoding)) is None


# --------------------------------------------------------------------------- CSV

cells = st.one_of(words, numbers.map(str), st.sampled_from(['"', "'", ";", "\t", "1,5", "x_min"]))


@pytest.mark.parametrize("name", ["csv", "via"])
@FUZZ
@given(data=st.data())
def test_tables_with_ragged_rows_and_odd_cells(tmp_path, name, data):
    lines = SOUND[name]["a.csv"].decode().splitlines()
    rows = data.draw(st.lists(st.lists(cells, max_size=9).map(",".join), max_size=3))
    start = data.draw(st.integers(0, len(lines)))
    text = data.draw(st.sampled_from(["\n", "\r\n", "\r"])).join([*lines[:start], *rows, *lines])
    read(name, tmp_path / "a.csv", text.encode("utf-8", "surrogatepass"))


# --------------------------------------------------------------------------- masks


def png_of_size(width: int, height: int, bits: int, colour: int) -> bytes:
    """A PNG that says it has a size, with no more than a row of pixels in it."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(100)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


@FUZZ
@example(width=2**31 - 1, height=2**31 - 1, bits=16, colour=0)
@example(width=30_000, height=30_000, bits=16, colour=0)
@given(
    width=st.sampled_from([0, 1, 64, 20_000, 2**31 - 1]),
    height=st.sampled_from([0, 1, 48, 20_000, 2**31 - 1]),
    bits=st.sampled_from([0, 1, 8, 16, 255]),
    colour=st.sampled_from([0, 2, 3, 4, 6, 9]),
)
def test_a_png_that_lies_about_its_size(tmp_path, width, height, bits, colour):
    read("masks", tmp_path / "a.png", png_of_size(width, height, bits, colour))


@pytest.mark.parametrize("options", [{}, {"compression": "zlib", "tile": (16, 16)}])
@pytest.mark.parametrize("height", [2**22, 2**31 - 1])
def test_a_tiff_that_lies_about_its_size_takes_no_memory(tmp_path, options, height):
    height_tag = struct.pack("<HHI", 257, 4, 1)
    before, after = tiff(mask(), metadata=None, **options).split(height_tag)
    content = before + height_tag + struct.pack("<I", height) + after[4:]
    tracemalloc.start()
    try:
        assert read("masks", tmp_path / "a.tif", content) is None
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()


@FUZZ
@given(
    shape=st.sampled_from([(4, 5), (1, 1), (2, 4, 5), (4, 5, 3), (4, 5, 4), (2, 2, 4, 5)]),
    kind=st.sampled_from(["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8", "c8", "?"]),
    value=st.sampled_from([0, 1, 2, 255, -1, 2**31, 2**40, math.nan, math.inf]),
)
def test_a_tiff_of_any_shape_and_type(tmp_path, shape, kind, value):
    with np.errstate(all="ignore"):
        pixels = np.zeros(shape, kind)
        pixels[..., -1] = np.array(value, np.float64).astype(kind)
    read("masks", tmp_path / "a.tif", tiff(pixels, photometric="minisblack"))


def test_a_mask_without_a_pixel_is_refused(tmp_path):
    content = tiff(mask())
    # the only tag that is left is the width
    content = content[:8] + b"\1" + content[9:]
    assert read("masks", tmp_path / "a.tif", content) is None


def test_a_photograph_is_no_mask(tmp_path):
    """Hardly any of its values is in one piece; taken for cells, a large one holds up for hours."""
    noise = np.random.default_rng(0).integers(0, 4096, (96, 96), np.uint16)
    assert read("masks", tmp_path / "a.tif", tiff(noise)) is None
