"""Whatever a file holds, a reader of annotations gives images with sound boxes, or one sentence."""

import io
import json
import math
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from cellpheno.annotations import formats
from cellpheno.errors import StudyError

# a reader that hangs ends the test run instead of holding it
pytestmark = pytest.mark.timeout(600)

FUZZ = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    print_blob=False,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

# --------------------------------------------------------------------------- a sound file each

VIA_RECTANGLE = {"name": "rect", "x": 1, "y": 2, "width": 10, "height": 20}
VIA_ELLIPSE = {"name": "ellipse", "cx": 9, "cy": 9, "rx": 3.5, "ry": 2, "theta": 0.3}
VIA_POLYGON = {"name": "polygon", "all_points_x": [1, 9, 5], "all_points_y": [1, 2, 8]}
VIA = {
    "_via_settings": {"project": {"name": "p"}},
    "_via_img_metadata": {
        "a.png12": {
            "filename": "a.png",
            "size": 12,
            "regions": [
                {"shape_attributes": shape, "region_attributes": {"class": label}}
                for shape, label in [
                    (VIA_RECTANGLE, "living"),
                    (VIA_ELLIPSE, {"dead": True, "living": False}),
                    (VIA_POLYGON, "dead"),
                ]
            ],
            "file_attributes": {},
        }
    },
    "_via_attributes": {"region": {"class": {"type": "text"}}, "file": {}},
}
COCO = {
    "images": [{"id": 1, "file_name": "a.png", "width": 64, "height": 48}],
    "categories": [{"id": 1, "name": "living"}, {"id": 2, "name": "dead"}],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 10, 20], "area": 150.5}
        | {"segmentation": [[1, 2, 11, 2, 11, 22]], "iscrowd": 0},
        {"id": 2, "image_id": 1, "category_id": 2, "bbox": [0, 0, 4, 2], "iscrowd": 1}
        | {"segmentation": {"size": [48, 64], "counts": [0, 2, 46, 2, 3022]}, "area": 4},
    ],
}
LABELME = {
    "version": "5.5.0",
    "flags": {},
    "shapes": [
        {"label": "living", "points": [[1, 2], [11, 22.5]], "shape_type": "rectangle"},
        {"label": "dead", "points": [[1, 2], [9, 2], [5, 8]], "shape_type": "polygon"},
        {"label": "dead", "points": [[9, 9], [12, 9]], "shape_type": "circle"},
    ],
    "imagePath": "a.png",
    "imageData": None,
    "imageHeight": 48,
    "imageWidth": 64,
}
VOC = (
    '<?xml version="1.0" encoding="utf-8"?><annotation><filename>a.png</filename>'
    "<size><width>64</width><height>48</height><depth>1</depth></size>"
    "<object><name>living</name><bndbox><xmin>2</xmin><ymin>3</ymin><xmax>11</xmax><ymax>22</ymax>"
    "</bndbox></object><object><name>größer</name><bndbox><xmin>1</xmin><ymin>1</ymin>"
    "<xmax>5.5</xmax><ymax>5</ymax></bndbox></object></annotation>"
)


def dumped(document: object) -> bytes:
    return json.dumps(document).encode()


def mask() -> np.ndarray:
    """Two cells."""
    labels = np.zeros((48, 64), np.uint16)
    labels[2:9, 3:12] = 1
    labels[20:30, 40:64] = 700
    return labels


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def tiff(pixels: np.ndarray, **options: object) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, pixels, **options)
    return buffer.getvalue()


SOUND: dict[str, dict[str, bytes]] = {
    "via": {
        "a.json": dumped(VIA),
        "a.csv": b"filename,file_size,file_attributes,region_count,region_id,"
        b"region_shape_attributes,region_attributes\n"
        b'a.png,12,"{}",1,0,"{""name"":""rect"",""x"":1,""y"":2,""width"":3,""height"":4}",'
        b'"{""class"":""living""}"\nb.png,13,"{}",0,0,"{}","{}"\n',
    },
    "voc": {"a.xml": VOC.encode()},
    "coco": {"a.json": dumped(COCO)},
    "labelme": {"a.json": dumped(LABELME)},
    "csv": {
        "a.csv": "image,x_min,y_min,x_max,y_max,label,area\na.png,1,2,11,22,living,150.5\n"
        'b.png,,,,,,\n"a.png",0,0.5,4,2,"größer, ""x""",\n'.encode()
    },
    "masks": {
        "a.png": png(mask()),
        "a.tif": tiff(mask()),
        "b.tif": tiff(mask(), compression="zlib", predictor=2, tile=(16, 16)),
    },
}
"""For each format, files that its reader takes."""

FILES = [(name, file) for name, files in SOUND.items() for file in files]
DOCUMENTS = {"via": VIA, "coco": COCO, "labelme": LABELME}

SETTINGS = {
    "class_attribute": "class",
    "suffix": "",
    "columns": {},
    "label": None,
    "label_column": None,
}


def read(name: str, path: Path, content: bytes) -> list | None:
    """Read a file of this content; give its images, or None when it was refused in one sentence."""
    path.write_bytes(content)
    try:
        images = formats.READERS[name](path, SETTINGS)
    except StudyError as error:
        sentence = str(error)
        assert sentence.isprintable(), "one line, of characters that any log can hold"
        assert path.name in sentence
        return None
    for image in images:
        assert image.name.encode() is not None, "a name that can be written"
        for region in image.regions:
            assert len(region.box) == 4
            assert all(isinstance(edge, float) and math.isfinite(edge) for edge in region.box)
            x_min, y_min, x_max, y_max = region.box
            assert x_min <= x_max
            assert y_min <= y_max
            assert region.label.encode() is not None
            assert region.area is None or (math.isfinite(region.area) and region.area >= 0)
    return images


@pytest.fixture(params=FILES, ids=lambda param: "-".join(param))
def sound(request, tmp_path) -> tuple[str, Path, bytes]:
    """A format, a path with the right ending, and the content of a file that is read there."""
    name, file = request.param
    if name not in formats.READERS:
        pytest.skip(f"there is no reader of {name}")
    return name, tmp_path / file, SOUND[name][file]


def test_every_reader_is_fuzzed():
    assert set(formats.READERS) <= set(SOUND)


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
    if name != "masks":
        read(name, path, content.decode().encode(encoding))


# --------------------------------------------------------------------------- JSON

words = st.one_of(
    st.sampled_from(["", " ", "a.png", "../../a.png", "C:\\", "class", "living", "\ud800", "\0"]),
    st.sampled_from(["a\nb\r\u2028c", "\u202e\x1b[31m", "x" * 5000, "{0}%s", "1e999", "1_0"]),
    st.text(max_size=8),
)
numbers = st.one_of(
    st.sampled_from([0, -1, 2, 1e308, -1e308, 10**400, -(10**400), 2**63, 5e-324]),
    st.floats(allow_nan=True, allow_infinity=True),
    st.integers(),
)
leaves = st.one_of(st.none(), st.booleans(), numbers, words)
odd = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=3)),
    max_leaves=8,
)


def vocabulary(document: object) -> set[str]:
    """Return every key of a JSON document."""
    if isinstance(document, list):
        return set().union(*map(vocabulary, document))
    if isinstance(document, dict):
        return set(document).union(*map(vocabulary, document.values()))
    return set()


def places(document: object, *above: object) -> list[tuple]:
    """Return the way to every value within a JSON document."""
    inside = document.items() if isinstance(document, dict) else enumerate(document)
    found = []
    for key, value in inside:
        found.append((*above, key))
        if isinstance(value, dict | list):
            found += places(value, *above, key)
    return found


@st.composite
def mutated(draw: Callable, document: object) -> object:
    """A JSON document in which some values are replaced, taken out or put in twice."""
    document = json.loads(json.dumps(document))
    for _ in range(draw(st.integers(1, 3))):
        *way, key = draw(st.sampled_from(places(document) or [("new",)]))
        parent = document
        for step in way:
            parent = parent[step]
        action = draw(st.sampled_from(["replace", "replace", "delete", "repeat"]))
        if action == "delete":
            del parent[key]
        elif action == "repeat" and isinstance(parent, list):
            parent.insert(0, parent[key])
        else:
            parent[key] = draw(odd)
        if not document:
            break
    return document


@pytest.mark.parametrize("name", DOCUMENTS)
@FUZZ
@given(data=st.data())
def test_any_json_value(tmp_path, name, data):
    keys = st.sampled_from(sorted(vocabulary(DOCUMENTS[name])))
    value = st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=5)
        ),
        max_leaves=20,
    )
    skip_without(name)
    read(name, tmp_path / "a.json", dumped(data.draw(value)))


@pytest.mark.parametrize("name", DOCUMENTS)
@settings(FUZZ, max_examples=200)
@given(data=st.data())
def test_a_sound_document_with_values_replaced(tmp_path, name, data):
    skip_without(name)
    read(name, tmp_path / "a.json", dumped(data.draw(mutated(DOCUMENTS[name]))))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_single_value_replaced_by_each_that_is_odd(tmp_path, name):
    skip_without(name)
    for *way, key in places(DOCUMENTS[name]):
        for value in [None, True, "", "x", -1, math.nan, math.inf, 10**400, [], [[]], {}, {"a": 1}]:
            document = json.loads(json.dumps(DOCUMENTS[name]))
            parent = document
            for step in way:
                parent = parent[step]
            parent[key] = value
            read(name, tmp_path / "a.json", dumped(document))


def skip_without(name: str) -> None:
    if name not in formats.READERS:
        pytest.skip(f"there is no reader of {name}")


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
    if "a.csv" not in SOUND[name] or name not in formats.READERS:
        pytest.skip(f"there is no reader of {name}")
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
    skip_without("masks")
    read("masks", tmp_path / "a.png", png_of_size(width, height, bits, colour))


@FUZZ
@given(
    shape=st.sampled_from([(4, 5), (1, 1), (2, 4, 5), (4, 5, 3), (4, 5, 4), (2, 2, 4, 5)]),
    kind=st.sampled_from(["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8", "c8", "?"]),
    value=st.sampled_from([0, 1, 2, 255, -1, 2**31, 2**40, math.nan, math.inf]),
)
def test_a_tiff_of_any_shape_and_type(tmp_path, shape, kind, value):
    skip_without("masks")
    with np.errstate(all="ignore"):
        pixels = np.zeros(shape, kind)
        pixels[..., -1] = np.array(value, np.float64).astype(kind)
    read("masks", tmp_path / "a.tif", tiff(pixels, photometric="minisblack"))


def test_a_mask_without_a_pixel_is_refused(tmp_path):
    skip_without("masks")
    content = tiff(mask())
    # the only tag that is left is the width
    content = content[:8] + b"\1" + content[9:]
    assert read("masks", tmp_path / "a.tif", content) is None


def test_a_photograph_is_no_mask(tmp_path):
    """Hardly any of its values is in one piece; taken for cells, a large one holds up for hours."""
    skip_without("masks")
    noise = np.random.default_rng(0).integers(0, 4096, (96, 96), np.uint16)
    assert read("masks", tmp_path / "a.tif", tiff(noise)) is None
