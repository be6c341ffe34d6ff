"""Annotated images to tables: fields by name, boxes clipped, nothing left out in silence."""

import pandas as pd
import pytest

from cellpheno.annotations.regions import (
    BOX_AROUND,
    WITHOUT_CELLS,
    AnnotatedImage,
    FieldNames,
    Note,
    Region,
)
from cellpheno.annotations.table import labels_drawn, to_tables, warn_of
from cellpheno.core import notices
from cellpheno.core.errors import StudyError
from cellpheno.tables import storage
from cellpheno.tables.annotations import ANNOTATED_FIELDS, ANNOTATION_REPORT, BOXES
from cellpheno.tables.columns import BOX_COLUMNS

CLASSES = ["living", "dead"]
CELL = Region((10, 20, 40, 60), "living")
DEAD = Region((50, 20, 80, 60), "dead")
OUTSIDE = Region((100, 20, 120, 60), "dead")


def row(field: str, actin: str, dapi: str, height: float = 80.0) -> dict:
    return {"field": field, "actin": actin, "dapi": dapi, "width": 100.0, "height": height}


FIELDS = [
    row("f1", "raw/day1/a_actin.tif", "raw/day1/a_dapi.tif"),
    row("f2", "raw/day1/b_actin.tif", "raw/day2/a_dapi.tif"),
    row("f.3", "raw/day1/größe (1) [x].tif", "raw/day1/c_dapi.tif"),
    row("lost", "raw/day1/d_actin.tif", "raw/day1/d_dapi.tif", float("nan")),
]


def image(name: str, *regions: Region, **further: object) -> AnnotatedImage:
    return AnnotatedImage(name, regions, "a.json", "expert", **further)


def imported(*images: AnnotatedImage):
    return to_tables(images, FieldNames(FIELDS, ["actin", "dapi"]), CLASSES)


def reported(*images: AnnotatedImage) -> list[tuple]:
    """The rows of the report: field, problem, action, n."""
    report = imported(*images).report.astype(object)
    report = report.where(report.notna(), None)
    return list(report[["field", "problem", "action", "n"]].itertuples(index=False, name=None))


def test_the_tables_hold_what_they_promise(tmp_path):
    annotated = imported(image("f1", CELL, Region((1, 2, 3, 4), "dead", "polygon", 2.5)))
    storage.write(annotated.boxes, tmp_path / "boxes.parquet", BOXES)
    storage.write(annotated.fields, tmp_path / "fields.tsv", ANNOTATED_FIELDS)
    storage.write(annotated.report, tmp_path / "report.tsv", ANNOTATION_REPORT)
    boxes = storage.read(tmp_path / "boxes.parquet", BOXES)
    assert boxes["annotator"].tolist() == ["expert", "expert"]
    assert boxes["area"].tolist()[0] == 2.5
    assert boxes["area"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("f1.png", "f1"),
        ("f.3", "f.3"),
        ("f.3.png", "f.3"),
        ("a_actin.tif", "f1"),
        ("a_actin.png", "f1"),
        ("C:\\x\\day1\\a_dapi.tif", "f1"),
        ("größe (1) [x].jpg", "f.3"),
        ("gro\u0308ße (1) [x].jpg", "f.3"),  # as macOS writes it
    ],
)
def test_an_image_is_known_by_its_field_or_by_a_file_of_any_channel(name, field):
    assert imported(image(name, CELL)).boxes["field"].tolist() == [field]


def test_a_file_name_that_fits_two_fields_is_refused():
    with pytest.raises(StudyError, match=r"a_dapi\.tif .*f1, f2"):
        imported(image("a_dapi.tif", CELL))


def test_images_outside_the_sample_sheet_are_left_out_and_reported():
    odd = Region((1, 2, 3, 4), "no class of the study")
    annotated = [image("f1", CELL), image("elsewhere", odd, odd)]
    assert len(imported(*annotated).boxes) == 1
    assert reported(*annotated) == [
        (None, "image that is not in the sample sheet", "left out", 2),
    ]


def test_annotations_that_match_no_field_at_all_are_an_error():
    with pytest.raises(StudyError, match=r"None of the 1 .*elsewhere\.png"):
        imported(image("elsewhere.png", CELL))


def test_an_unknown_class_is_refused_by_file_image_and_label():
    with pytest.raises(StudyError, match=r"f1 in a\.json .*'entosis'.*living, dead"):
        imported(image("f1", CELL, Region((1, 2, 3, 4), "entosis")))


def test_boxes_are_clipped_to_their_field_and_sorted():
    boxes = imported(
        image("f2", CELL),
        image("f1", Region((90, 20, 120, 60), "dead"), Region((0, -5, 30, 35), "dead")),
    ).boxes
    assert boxes["field"].tolist() == ["f1", "f1", "f2"]
    assert boxes[BOX_COLUMNS].to_numpy().tolist() == [
        [0, 0, 30, 35],
        [90, 20, 100, 60],
        [10, 20, 40, 60],
    ]


def test_what_lies_outside_or_has_no_area_or_was_drawn_twice_is_left_out_and_reported():
    annotated = image(
        "f1",
        CELL,
        CELL,
        Region((10, 20, 40, 60), "dead"),
        Region((90, 20, 120, 60), "dead"),
        Region((100, 20, 120, 60), "dead"),
        Region((-9, -9, 0, 0), "dead"),
        Region((-9, 9, 0.9, 19), "dead"),
        Region((5, 5, 5.9, 9), "dead"),
        Region((5, 5, 6, 6), "dead"),
        Region((5, 5, 5, 9), "dead"),
        Region((5, 5, 9, 9), "dead", "polygon", 0),
    )
    assert len(imported(annotated).boxes) == 3
    assert reported(annotated) == [
        ("f1", "box without area", "left out", 2),
        ("f1", "box of a pixel or less", "left out", 2),
        ("f1", "box outside the field", "left out", 3),
        ("f1", "box over the edge of the field", "clipped", 1),
        ("f1", "box drawn twice with one label", "left out once", 1),
        ("f1", "box drawn twice with two labels", "kept", 1),
        ("f1", "field of which a cell was left out", "does not count as complete", 0),
    ]


def test_a_pixel_of_a_mask_is_no_click():
    assert len(imported(image("f1", Region((5, 5, 6, 6), "dead", "mask", 1))).boxes) == 1


def test_a_box_that_repeats_one_without_area_is_a_cell():
    line = Region(CELL.box, CELL.label, "polygon", 0)
    assert len(imported(image("f1", line, CELL)).boxes) == 1


def test_the_report_shows_one_of_the_boxes():
    annotated = image("f1", CELL, Region((90, 20, 120.5, 60), "dead"))
    assert imported(annotated).report["example"].tolist() == ["dead 90 20 120.5 60"]


def test_the_area_of_an_outline_that_was_cut_is_not_known():
    boxes = imported(
        image(
            "f1",
            Region((90, 20, 120, 60), "dead", "polygon", 700),
            Region((9, 9, 19, 19), "dead", "polygon", 70),
        )
    ).boxes
    assert boxes["area"].tolist()[0] == 70
    assert boxes["area"].isna().tolist() == [False, True]


def test_boxes_of_a_field_that_could_not_be_read_are_left_out_and_reported():
    annotated = [image("f1", CELL), image("lost", CELL, CELL)]
    assert imported(*annotated).boxes["field"].tolist() == ["f1"]
    assert reported(*annotated) == [
        ("lost", "box of a field that could not be read", "left out", 2)
    ]


def test_every_annotated_field_is_listed_with_its_number_of_boxes():
    other = Region((50, 20, 60, 60), "dead")
    fields = imported(image("f2"), image("a_actin", CELL, other)).fields
    assert fields.to_dict("list") == {
        "field": ["f1", "f2"],
        "n_boxes": [2, 0],
        "complete": [True, True],
    }


def test_an_image_that_nobody_has_looked_at_is_not_annotated():
    note = Note("image without regions", "does not count as annotated", 0)
    annotated = [image("f1", CELL), image("f2", gone_through=False, notes=(note,))]
    assert imported(*annotated).fields["field"].tolist() == ["f1"]
    assert reported(*annotated) == [("f2", *(note.problem, note.action, note.n))]


def test_a_field_whose_boxes_all_vanish_does_not_pass_for_one_without_cells():
    annotated = [image("f1", OUTSIDE), image("f2", CELL)]
    assert imported(*annotated).fields["field"].tolist() == ["f2"]


def test_annotations_without_a_single_box_are_an_error_that_says_what_became_of_them():
    with pytest.raises(StudyError, match="no box .*\\(box without area, left out: 1 regions"):
        imported(image("f1", Region((10, 20, 10, 60), "dead")))


@pytest.mark.parametrize(("name", "source"), [("f1", "a.json"), ("a_dapi", "b.json")])
def test_a_field_that_one_annotator_has_annotated_twice_is_refused(name, source):
    fields = [FIELDS[0], row("f2", "b_actin.tif", "b_dapi.tif")]
    images = [image("a_actin", CELL), AnnotatedImage(name, (CELL,), source, "expert")]
    with pytest.raises(
        StudyError, match=rf"f1 .*twice by expert.*a_actin in a.*{name} in {source}"
    ):
        to_tables(images, FieldNames(fields, ["actin", "dapi"]), CLASSES)


def test_a_name_that_is_a_fields_own_means_that_field_though_another_fields_file_has_it_too():
    fields = [row("a", "raw/b.tif", "raw/c.tif"), row("f2", "raw/a.tif", "raw/d.tif")]
    known = FieldNames(fields, ["actin", "dapi"])
    assert known.field(image("a.png")) == "a"
    assert known.field(image("raw/a.png")) == "f2"


def test_of_two_files_of_one_name_the_one_next_to_the_annotations_is_meant():
    fields = [row("f1", "raw/train/a.jpg", "x.tif"), row("f2", "raw/test/a.jpg", "y.tif")]
    known = FieldNames(fields, ["actin", "dapi"])
    assert known.field(AnnotatedImage("a.jpg", (CELL,), "raw/test/via.json")) == "f2"
    with pytest.raises(StudyError, match="may be any of the fields f1, f2"):
        known.field(AnnotatedImage("a.jpg", (CELL,), "elsewhere/via.json"))


def test_an_image_made_from_an_ome_tiff_is_known_by_its_name_without_both_suffixes():
    known = FieldNames([row("f1", "raw/a.ome.tif", "raw/b.ome.tif")], ["actin", "dapi"])
    assert known.field(image("a.png")) == known.field(image("raw/b.ome.tif")) == "f1"


@pytest.fixture
def warnings(monkeypatch):
    """Imports images and gives what the terminal shows of it."""
    monkeypatch.setattr(notices, "_given", [])

    def warnings(*images: AnnotatedImage) -> list[str]:
        warn_of(imported(*images).report, "results/s/annotations/report.tsv")
        return notices.given()

    return warnings


def test_what_was_left_out_is_one_warning_with_number_and_file(warnings):
    [warning] = warnings(image("f1", CELL, DEAD, OUTSIDE), image("f2", CELL, DEAD, OUTSIDE))
    assert "results/s/annotations/report.tsv" in warning
    assert "box outside the field, left out: 2 regions in 2 images" in warning


def test_nothing_is_warned_of_where_all_is_as_the_documents_say(warnings):
    notes = tuple(Note("as documented", action, 1) for action in (BOX_AROUND, WITHOUT_CELLS))
    assert warnings(image("f1", CELL, notes=notes)) == []


@pytest.mark.parametrize(
    "annotated",
    [
        image("f1", CELL, DEAD, OUTSIDE),
        image("f1", CELL, Region((5, 5, 5, 9), "dead")),
        image("f1", CELL, complete=False),
    ],
)
def test_a_field_of_which_a_cell_was_left_out_is_annotated_but_not_complete(annotated):
    fields = imported(annotated, image("f2")).fields
    assert fields["field"].tolist() == ["f1", "f2"]
    assert fields["complete"].tolist() == [False, True]


@pytest.mark.parametrize("other", [CELL, Region((90, 20, 120, 60), "dead")])
def test_a_field_with_a_clipped_or_repeated_box_is_still_complete(other):
    assert imported(image("f1", CELL, other)).fields["complete"].tolist() == [True]


def test_a_report_without_rows_is_still_a_report(tmp_path):
    storage.write(imported(image("f1", CELL)).report, tmp_path / "r.tsv", ANNOTATION_REPORT)
    assert storage.read(tmp_path / "r.tsv", ANNOTATION_REPORT).empty
    assert isinstance(imported(image("f1", CELL)).report, pd.DataFrame)


def test_cells_of_fields_that_could_not_be_read_count_among_those_drawn():
    images = [image("lost", CELL, CELL), image("f1", CELL), image("of another study", CELL)]
    drawn = labels_drawn(images, FieldNames(FIELDS, ["actin", "dapi"]))
    assert drawn["field"].tolist() == ["lost", "lost", "f1"]
    assert set(drawn["label"]) == {"living"}
