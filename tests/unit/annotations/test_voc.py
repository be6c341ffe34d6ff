"""Pascal VOC annotations: coordinates from 1, names from the XML file, nothing dangerous."""

import collections
import os
from pathlib import Path

import pytest

from cellpheno.annotations import listing
from cellpheno.annotations.formats import registry, voc
from cellpheno.core.errors import StudyError

OBJECT = (
    "<object><name>{name}</name><bndbox><xmin>{x_min}</xmin><ymin>{y_min}</ymin>"
    "<xmax>{x_max}</xmax><ymax>{y_max}</ymax></bndbox></object>"
)


def document(*objects: tuple, filename: str = "renamed.png") -> str:
    names = ("name", "x_min", "y_min", "x_max", "y_max")
    body = "".join(OBJECT.format(**dict(zip(names, item, strict=True))) for item in objects)
    return (
        f"<annotation><filename>{filename}</filename><path>C:\\old\\{filename}</path>"
        f"<size><width>9</width><height>9</height><depth>1</depth></size>{body}</annotation>"
    )


def test_coordinates_become_half_open_from_zero(tmp_path):
    # all pixels of a 220 px wide image, in VOC's counting
    (tmp_path / "a.xml").write_text(document(("Living Cell", 1, 1, 220, 219)))
    image = voc.read(tmp_path / "a.xml")
    assert image.regions[0].box == (0, 0, 220, 219)


def test_the_xml_file_names_the_image_and_not_its_content(tmp_path):
    (tmp_path / "tile_7.xml").write_text(document(("Living Cell", 1, 1, 5, 5)))
    image = voc.read(tmp_path / "tile_7.xml")
    assert image.name == "tile_7"


@pytest.mark.parametrize(("size", "expected"), [("9", (9.0, 9.0)), ("0", None), ("", None)])
def test_the_size_of_the_image_is_known_where_the_file_gives_it(tmp_path, size, expected):
    (tmp_path / "a.xml").write_text(document(("Dead Cell", 1, 1, 5, 5)).replace(">9<", f">{size}<"))
    assert voc.read(tmp_path / "a.xml").size == expected


def test_a_folder_is_read_in_the_order_of_names_with_the_images_that_have_no_cells(tmp_path):
    (tmp_path / "b.xml").write_text(document(("Dead Cell ", 2, 2, 5, 5)))
    (tmp_path / "a.xml").write_text(document(("Living Cell\n", 1, 1, 5, 5)))
    (tmp_path / "c.xml").write_text(document())
    (tmp_path / "notes.txt").write_text("not XML")
    found = registry.read([tmp_path], {"format": "voc"})
    assert [(image.name, [region.label for region in image.regions]) for image in found] == [
        ("a", ["Living Cell"]),
        ("b", ["Dead Cell"]),
        ("c", []),
    ]


def test_labels_are_renamed_to_the_study_s_classes(tmp_path):
    (tmp_path / "a.xml").write_text(document(("Living Cell", 1, 1, 5, 5)))
    settings = {"format": "voc", "rename": {"Living Cell": "living"}}
    [image] = registry.read([tmp_path], settings)
    assert [region.label for region in image.regions] == ["living"]


def test_every_xml_file_counts_as_a_source(tmp_path):
    for name in ("b", "a"):
        (tmp_path / f"{name}.xml").write_text(document())
    sources = listing.sources([tmp_path], {"format": "voc"})
    assert sources == [tmp_path / "a.xml", tmp_path / "b.xml"]


@pytest.mark.parametrize(
    "text",
    [
        "<annotation><object>",
        "<annotation><object><name>Living Cell</name></object></annotation>",
        document(("", 1, 1, 5, 5)),
        document(("Living Cell", "one", 1, 5, 5)),
        document(("Living Cell", "nan", 1, 5, 5)),
        document(("Living Cell", "1e999", 1, 5, 5)),
        document(("Living Cell", 9, 1, 5, 5)),
        "<html></html>",
        '<?xml version="1.0" encoding="no-such"?><annotation/>',
    ],
)
def test_a_malformed_file_is_named(tmp_path, text):
    (tmp_path / "a.xml").write_text(text)
    with pytest.raises(StudyError, match=r"a\.xml cannot be read"):
        voc.read(tmp_path / "a.xml")


def test_entities_are_not_expanded(tmp_path):
    bomb = '<!DOCTYPE a [<!ENTITY lol "lol"><!ENTITY many "&lol;&lol;&lol;">]>'
    (tmp_path / "a.xml").write_text(bomb + document(("&many;", 1, 1, 5, 5)))
    with pytest.raises(StudyError, match="entities"):
        voc.read(tmp_path / "a.xml")


def test_text_in_another_encoding_is_read_where_it_says_so_and_refused_where_it_does_not(tmp_path):
    text = document(("größer", 1, 1, 5, 5))
    declared = '<?xml version="1.0" encoding="iso-8859-1"?>' + text
    (tmp_path / "a.xml").write_bytes(declared.encode("latin-1"))
    assert voc.read(tmp_path / "a.xml").regions[0].label == "größer"
    (tmp_path / "b.xml").write_bytes(text.encode("latin-1"))
    with pytest.raises(StudyError, match=r"b\.xml is not text in UTF-8 \(byte 0xf6 at position"):
        voc.read(tmp_path / "b.xml")


def test_a_folder_without_xml_files_is_refused(tmp_path):
    with pytest.raises(StudyError, match=r"no \*\.xml files"):
        registry.read([tmp_path], {"format": "voc"})


@pytest.mark.real_data
def test_the_living_dead_cells_are_all_there_and_so_are_the_tiles_without_any():
    folder = os.environ.get("CELLPHENO_REAL_DATA")
    if not folder:
        pytest.skip("CELLPHENO_REAL_DATA is not set")
    found = registry.read([Path(folder, "ldc/annotations")], {"format": "voc"})
    labels = collections.Counter(region.label for image in found for region in image.regions)
    assert labels == {"Living Cell": 2781, "Dead Cell": 749}
    assert len(found) == 1076
    assert sum(not image.regions for image in found) == 41
