"""From files to images in the study's classes and pixels; every change leaves a note."""

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile

from cellpheno.annotations import listing
from cellpheno.annotations.formats import registry
from cellpheno.annotations.regions import FieldNames, Note, Region
from cellpheno.core.errors import StudyError
from cellpheno.study import configuration

ROOT = Path(__file__).parents[3]
SCHEMA = configuration.load_schema(ROOT / "workflow/schemas/config.schema.yaml")
HEADER = "image,xmin,ymin,xmax,ymax,label\n"


@pytest.fixture
def known():
    """Two fields of one channel, 100 px wide and 80 high, with the drug in the sample sheet."""
    rows = [
        {"field": "f1", "raw": "raw/a.tif", "width": 100.0, "height": 80.0, "drug": "dead "},
        {"field": "f2", "raw": "raw/b.tif", "width": 100.0, "height": 80.0, "drug": ""},
    ]
    return FieldNames(rows, ["raw"])


@pytest.fixture
def csv(tmp_path):
    """Writes a table of boxes below the usual header, and gives its path."""

    def csv(*rows: str, header: str = HEADER) -> Path:
        (tmp_path / "boxes.csv").write_text(header + "".join(f"{row}\n" for row in rows))
        return tmp_path / "boxes.csv"

    return csv


@pytest.fixture
def via(tmp_path):
    """Writes a VIA file of one image with a rectangle per label, and gives its path."""

    def via(*labels: str) -> Path:
        shape = {"name": "rect", "x": 1, "y": 2, "width": 2, "height": 2}
        regions = [
            {"shape_attributes": shape, "region_attributes": {"class": label}} for label in labels
        ]
        entry = {"filename": "f1.png", "size": 1, "regions": regions}
        (tmp_path / "via.json").write_text(json.dumps({"f1.png1": entry}))
        return tmp_path / "via.json"

    return via


def read(path: Path, known: FieldNames | None = None, **settings: object):
    return registry.read([path], {"format": "csv", **settings}, known)


def labels(path: Path, columns: dict | None = None, **settings: object) -> list[set[str]]:
    complete = {**registry.DEFAULTS, "format": "csv", **settings}
    return list(listing.labels([path], complete, columns or {}))


def test_what_the_section_leaves_out_is_as_in_the_schema():
    properties = SCHEMA["properties"]["annotations"]["properties"]
    for_all = {"format", "files", "further_annotators", "merge_iou"}
    assert {
        key: part["default"] for key, part in properties.items() if key not in for_all
    } == registry.DEFAULTS


def test_every_format_of_the_schema_can_be_read():
    assert set(SCHEMA["$defs"]["annotation_format"]["enum"]) == {*registry.READERS, "sheet", "none"}


def test_labels_lose_blanks_and_line_ends_and_are_renamed(via):
    path = via("Living cell\n", "dead", " dead", " dead")
    [image] = read(path, format="via", rename={"Living cell": "living"})
    assert [region.label for region in image.regions] == ["living", "dead", "dead", "dead"]
    assert image.notes == (
        Note("label with stray blanks or line ends", "read as 'dead'", 2, "' dead'"),
        Note(
            "label with stray blanks or line ends", "read as 'Living cell'", 1, r"'Living cell\n'"
        ),
    )


def test_ignored_labels_are_left_out_with_a_note(csv):
    first, second = read(
        csv("f1,1,2,3,4,dead", "f1,1,2,3,4,dust", "f2,1,2,3,4,dust"), ignore=["dust"]
    )
    assert [region.label for region in first.regions] == ["dead"]
    assert first.notes == (Note("label in annotations.ignore", "left out", 1, "dust"),)
    # whoever drew dust did not say that there are no cells
    assert (second.regions, second.gone_through) == ((), False)


def test_a_reduced_view_is_scaled_to_the_raw_field_and_areas_by_the_square(csv):
    path = csv("f1,1,2,3,4,dead,3.5", header=HEADER.replace("\n", ",area\n"))
    [image] = read(path, pixel_scale=2)
    assert image.regions == (Region((2, 4, 6, 8), "dead", "mask", 14),)


def test_images_carry_who_annotated_them(csv):
    [image] = read(csv("f1,1,2,3,4,dead"), annotator="student")
    assert image.annotator == "student"


@pytest.mark.parametrize("size", [(80, 100), (81, 100)])
@pytest.mark.parametrize("scale", [1, 2])
def test_an_image_of_another_size_than_its_field_is_refused(tmp_path, known, size, scale):
    tifffile.imwrite(tmp_path / "f1.tif", np.zeros(size, np.uint8))
    settings = {"format": "masks", "label": "dead", "pixel_scale": scale}
    if (size, scale) == ((80, 100), 1):
        assert read(tmp_path, known, **settings)
        return
    with pytest.raises(StudyError, match=rf"f1 in .*100 x {size[0]} px.*100 x 80 px .*pixel_scale"):
        read(tmp_path, known, **settings)


@pytest.mark.parametrize("size", [(26, 33), (27, 34)])
def test_a_reduced_view_may_be_rounded_to_whole_pixels(tmp_path, known, size):
    tifffile.imwrite(tmp_path / "f1.tif", np.zeros(size, np.uint8))
    [image] = read(tmp_path, known, format="masks", label="dead", pixel_scale=3)
    assert image.size == (size[1] * 3, size[0] * 3)


def test_every_region_takes_the_one_class_of_the_config(csv):
    [image] = read(csv("f1,1,2,3,4,17"), label="nucleus")
    assert [region.label for region in image.regions] == ["nucleus"]


def test_the_class_may_stand_in_a_column_of_the_sample_sheet(csv, known):
    [image] = read(csv("a.tif,1,2,3,4,17"), known, label_column="drug", rename={"dead": "killed"})
    assert [region.label for region in image.regions] == ["killed"]


def test_cells_of_a_field_without_a_class_in_the_sheet_are_refused(csv, known):
    with pytest.raises(StudyError, match="field f2 .*column drug"):
        read(csv("b.tif,1,2,3,4,17"), known, label_column="drug")


def test_an_image_that_the_study_does_not_have_needs_no_class(csv, known):
    [image] = read(csv("elsewhere.tif,1,2,3,4,17"), known, label_column="drug")
    assert image.name == "elsewhere.tif"


def test_in_the_format_sheet_a_field_with_a_class_is_one_cell(known):
    images = registry.read([], {"format": "sheet", "label_column": "drug"}, known)
    assert [(image.name, image.regions) for image in images] == [
        ("f1", (Region((0, 0, 100, 80), "dead"),))
    ]


@pytest.mark.parametrize("format", ["via", "coco", "csv"])
def test_a_folder_is_refused_where_the_format_is_one_file(tmp_path, format):
    with pytest.raises(StudyError, match=f"is a folder, but the format {format}"):
        read(tmp_path, format=format)


def test_a_link_that_leads_to_itself_is_refused(tmp_path):
    (tmp_path / "a.csv").symlink_to(tmp_path / "a.csv")
    with pytest.raises(StudyError, match=r"a\.csv cannot be read"):
        read(tmp_path / "a.csv")


class TestClassesThatOccur:
    """Classes as the Snakefile asks for them."""

    def test_they_are_those_of_the_files_as_the_study_names_them(self, via):
        path = via("Dead\n", "dust", "odd")
        settings = {"format": "via", "rename": {"Dead": "dead"}, "ignore": ["dust"]}
        assert labels(path, **settings) == [{"dead", "odd"}]

    def test_files_are_read_one_by_one(self, tmp_path):
        for name in ("a", "b"):
            shape = {"label": name, "points": [[1, 2], [3, 4]], "shape_type": "rectangle"}
            (tmp_path / f"{name}.json").write_text(json.dumps({"shapes": [shape]}))
        (tmp_path / "c.json").write_text("not read, because the classes were all seen")
        complete = {**registry.DEFAULTS, "format": "labelme"}
        found = listing.labels([tmp_path], complete, {})
        assert [next(found), next(found)] == [{"a"}, {"b"}]

    def test_masks_are_not_opened(self, tmp_path):
        (tmp_path / "f1.png").write_bytes(b"")
        assert labels(tmp_path, format="masks", label="dead") == [{"dead"}]

    def test_the_sample_sheet_is_looked_at_where_it_holds_the_class(self, tmp_path):
        columns = {"drug": ["dead ", "", "dust", "alive"]}
        settings = {"label_column": "drug", "ignore": ["dust"], "rename": {"alive": "living"}}
        complete = {**registry.DEFAULTS, "format": "sheet", **settings}
        assert list(listing.labels([], complete, columns)) == [{"dead", "living"}]

    def test_a_mask_that_the_sample_sheet_takes_for_an_image_is_refused(self, tmp_path):
        for folder in ("images", "labels"):
            (tmp_path / folder).mkdir()
            (tmp_path / folder / "f1.png").write_bytes(b"")
        own = {**registry.DEFAULTS, "format": "masks", "label": "dead"}
        masks = [tmp_path / "images/../labels"]
        listing.check_apart(masks, own, {"field": ["f1"], "bf": [f"{tmp_path}/images/f1.png"]})
        sheet = {
            "field": ["a", "b"],
            "bf": [f"{tmp_path}/{n}/f1.png" for n in ("images", "labels")],
        }
        with pytest.raises(StudyError, match=r"labels/f1\.png .*image of the field b; remove"):
            listing.check_apart(masks, own, sheet)

    def test_a_folder_without_masks_is_refused(self, tmp_path):
        (tmp_path / "f1_MaskCells.png").write_bytes(b"")
        with pytest.raises(StudyError, match=r"no \*_MaskNuclei\.png or .*files"):
            labels(tmp_path, format="masks", label="dead", suffix="_MaskNuclei")


SHARES = {
    "csv": HEADER + "f1,0.1,0.2,0.4,0.6,living\nf2,0,0,1,1,dead\n",
    "coco": json.dumps(
        {
            "images": [{"id": 1, "file_name": "f1.png", "width": 100, "height": 80}],
            "annotations": [{"image_id": 1, "category_id": 1, "bbox": [0.1, 0.2, 0.3, 0.4]}],
            "categories": [{"id": 1, "name": "living"}],
        }
    ),
    "via": json.dumps(
        {
            "f1.png1": {
                "filename": "f1.png",
                "size": 1,
                "regions": [
                    {
                        "shape_attributes": {"name": "rect", "x": 0.5, "y": 0, "width": 0.5}
                        | {"height": 1},
                        "region_attributes": {"class": "living"},
                    }
                ],
            }
        }
    ),
    "labelme": json.dumps(
        {
            "shapes": [
                {"label": "living", "shape_type": "rectangle", "points": [[0.1, 0.2], [0.4, 0.6]]}
            ]
        }
    ),
    "voc": "<annotation><object><name>living</name><bndbox><xmin>0.1</xmin><ymin>0.2</ymin>"
    "<xmax>0.4</xmax><ymax>0.6</ymax></bndbox></object></annotation>",
}


@pytest.mark.parametrize("name", SHARES)
def test_coordinates_that_are_shares_of_the_image_are_refused_before_any_compute(tmp_path, name):
    file = tmp_path / "f1.txt"
    file.write_text(SHARES[name])
    settings = {**registry.DEFAULTS, "format": name}
    with pytest.raises(StudyError, match=r"f1\.txt .*shares of the image.*multiply"):
        list(listing.labels([file], settings, {}))
    with pytest.raises(StudyError, match="shares of the image"):
        registry.read([file], settings)


def test_a_box_of_whole_numbers_in_the_corner_is_no_share(csv):
    assert read(csv("f1,0,0,1,1,living"))
