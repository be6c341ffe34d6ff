"""Boxes are written for annotation tools, and what is read back is what was written."""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from pycocotools.coco import COCO

from cellpheno.annotations.formats import registry
from cellpheno.annotations.regions import FieldNames
from cellpheno.annotations.table import to_tables
from cellpheno.annotations.writing import coco, folders, labelme, losses, via
from cellpheno.annotations.writing.picture import Picture
from cellpheno.core.errors import StudyError
from cellpheno.study import configuration
from cellpheno.tables import storage
from cellpheno.tables.annotations import EXPORT_LOSSES
from cellpheno.tables.columns import BOX_COLUMNS

ROOT = Path(__file__).parents[3]
CLASSES = ["in turn", 'so-called "partial"', "größer, ≥ 2", "it's <b>&amp;</b>", "\\n {x}"]
ANNOTATIONS = {"class_attribute": "class", "suffix": "", "columns": {}}
WIDTH, HEIGHT = 64, 48
FORMATS = sorted(folders.WRITERS)


def boxes(field: str, *rows: tuple, **columns: object) -> pd.DataFrame:
    """A table of boxes: four edges and the label in each row."""
    frame = pd.DataFrame(list(rows), columns=[*BOX_COLUMNS, "label"])
    frame = frame.astype(dict.fromkeys(BOX_COLUMNS, float))
    return frame.assign(field=field, **columns)


def picture(*rows: tuple, **columns: object) -> Picture:
    return Picture("slide-1.a", WIDTH, HEIGHT, 123, boxes("slide-1.a", *rows, **columns))


def images(*fields: str) -> list[tuple[str, np.ndarray]]:
    """A small colour image for each field, none like the other."""
    made = np.random.default_rng(0).integers(0, 256, (len(fields), HEIGHT, WIDTH, 3), np.uint8)
    return list(zip(fields, made, strict=True))


def write(folder, frame: pd.DataFrame, *fields: str):
    """Write a frame in every format; return the pictures and what a reader is to be given."""
    return folders.write({n: folder / n for n in FORMATS}, images(*fields), frame, CLASSES, "class")


def read_back(name: str, source) -> list:
    return registry.read([source], {**ANNOTATIONS, **losses.NEUTRAL, "format": name})


class TestVia:
    def test_a_project_has_the_keys_that_via_asks_for(self):
        project = via.project([picture((1, 2, 11, 22, "in turn"))], CLASSES, "type")
        assert {"_via_settings", "_via_img_metadata", "_via_attributes"} < set(project)
        [image] = project["_via_img_metadata"].values()
        assert set(image) == {"filename", "size", "regions", "file_attributes"}
        assert project["_via_image_id_list"] == ["slide-1.a.png123"]

    def test_the_annotator_chooses_among_the_classes_of_the_study(self):
        project = via.project([picture()], CLASSES, "type")
        attribute = project["_via_attributes"]["region"]["type"]
        assert attribute["type"] == "dropdown"
        assert list(attribute["options"]) == CLASSES

    def test_a_box_is_a_rectangle_of_whole_pixels_where_it_was_one(self):
        project = via.project([picture((1, 2, 11, 22.5, "in turn"))], CLASSES, "type")
        [region] = project["_via_img_metadata"]["slide-1.a.png123"]["regions"]
        shape = {"name": "rect", "x": 1, "y": 2, "width": 10, "height": 20.5}
        assert region == {"shape_attributes": shape, "region_attributes": {"type": "in turn"}}
        assert isinstance(region["shape_attributes"]["width"], int)

    def test_a_score_is_shown_next_to_the_class(self):
        project = via.project([picture((1, 2, 3, 4, "in turn"), score=0.91666)], CLASSES, "class")
        [region] = project["_via_img_metadata"]["slide-1.a.png123"]["regions"]
        assert region["region_attributes"] == {"score": "0.917", "class": "in turn"}
        assert set(project["_via_attributes"]["region"]) == {"score", "class"}

    def test_a_class_attribute_that_is_named_score_holds_the_class(self):
        project = via.project([picture((1, 2, 3, 4, "in turn"), score=0.9)], CLASSES, "score")
        [region] = project["_via_img_metadata"]["slide-1.a.png123"]["regions"]
        assert region["region_attributes"] == {"score": "in turn"}
        assert project["_via_attributes"]["region"]["score"]["type"] == "dropdown"


class TestLabelme:
    def test_a_file_has_the_keys_that_labelme_asks_for_and_its_image_next_to_it(self):
        content = labelme.document(picture((1, 2, 11, 22.5, "in turn")))
        assert content["imagePath"] == "slide-1.a.png"
        assert content["imageData"] is None
        assert (content["imageWidth"], content["imageHeight"]) == (WIDTH, HEIGHT)
        [shape] = content["shapes"]
        assert shape["shape_type"] == "rectangle"
        assert shape["points"] == [[1, 2], [11, 22.5]]
        assert {"label", "group_id", "description", "flags"} < set(shape)

    def test_a_score_is_shown_in_the_description(self):
        content = labelme.document(picture((1, 2, 3, 4, "in turn"), score=0.91666))
        assert content["shapes"][0]["description"] == "score 0.917"

    def test_the_classes_are_listed_line_by_line_for_the_option_labels(self, tmp_path):
        labelme.write(tmp_path, [picture()], CLASSES)
        assert (tmp_path / labelme.CLASSES).read_text("utf-8").splitlines() == CLASSES

    def test_an_image_without_cells_has_a_file_too(self, tmp_path):
        labelme.write(tmp_path, [picture()], CLASSES)
        assert json.loads((tmp_path / "slide-1.a.json").read_text())["shapes"] == []


class TestCoco:
    def test_pycocotools_loads_the_file(self, tmp_path, capsys):
        rows = [(1, 2, 11, 22.5, "in turn"), (0, 0, 64, 48, CLASSES[2])]
        loaded = COCO(coco.write(tmp_path, [picture(*rows, score=[0.25, 0.5])], CLASSES))
        assert [each["name"] for each in loaded.loadCats(loaded.getCatIds())] == CLASSES
        [image] = loaded.loadImgs(loaded.getImgIds())
        assert image == {"id": 1, "file_name": "slide-1.a.png", "width": 64, "height": 48}
        first, second = loaded.loadAnns(loaded.getAnnIds(imgIds=1))
        assert (first["bbox"], first["area"], first["score"]) == ([1, 2, 10, 20.5], 205, 0.25)
        assert second["category_id"] == 3
        assert loaded.getAnnIds(catIds=[3]) == [2]

    def test_detections_of_the_file_can_be_scored_by_pycocotools(self, tmp_path, capsys):
        path = coco.write(tmp_path, [picture((1, 2, 9, 9, "in turn"), score=0.9)], CLASSES)
        annotations = json.loads(path.read_text())["annotations"]
        assert COCO(path).loadRes(annotations).getAnnIds() == [1]

    def test_the_area_of_an_outline_is_kept(self):
        content = coco.document([picture((0, 0, 10, 10, "in turn"), area=[78.5])], CLASSES)
        assert content["annotations"][0]["area"] == 78.5

    def test_a_cell_without_an_outline_has_the_area_of_its_box(self):
        content = coco.document([picture((0, 0, 10, 10, "in turn"), area=[np.nan])], CLASSES)
        assert content["annotations"][0]["area"] == 100

    def test_annotations_are_numbered_across_images(self):
        cell = (0, 0, 10, 10, "in turn")
        content = coco.document([picture(cell, cell), picture(), picture(cell)], CLASSES)
        numbers = [(each["id"], each["image_id"]) for each in content["annotations"]]
        assert numbers == [(1, 1), (2, 1), (3, 3)]


class TestFolders:
    def test_every_format_has_the_images_in_eight_bits_next_to_its_files(self, tmp_path):
        write(tmp_path, boxes("a", (1, 2, 3, 4, "in turn")), "a", "b")
        for name in FORMATS:
            for field, expected in images("a", "b"):
                with Image.open(tmp_path / name / f"{field}.png") as file:
                    assert file.mode == "RGB"
                    np.testing.assert_array_equal(np.asarray(file), expected)

    def test_via_knows_the_size_of_each_image_file(self, tmp_path):
        _, sources = write(tmp_path, boxes("a"), "a")
        [image] = json.loads(sources["via"].read_text())["_via_img_metadata"].values()
        assert image["size"] == (tmp_path / "via/a.png").stat().st_size

    def test_images_are_taken_one_at_a_time(self, tmp_path):
        alive = []

        def watched():
            for field, image in images("a", "b", "c"):
                alive.append(field)
                yield field, image
                # the writer has dealt with one image before it asks for the next
                assert all(list(tmp_path.glob(f".{n}.*/{field}.png")) for n in FORMATS)

        folders.write({n: tmp_path / n for n in FORMATS}, watched(), boxes("a"), CLASSES, "class")
        assert alive == ["a", "b", "c"]

    def test_an_export_replaces_the_one_before(self, tmp_path):
        write(tmp_path, boxes("a"), "a", "b")
        write(tmp_path, boxes("a"), "b")
        assert not (tmp_path / "labelme/a.json").exists()

    def test_an_order_is_kept_by_every_tool_and_fields_keep_their_names(self, tmp_path):
        frame = pd.concat([boxes(field, (1, 2, 11, 22, "in turn")) for field in ("a", "b.1")])
        ordered = ["c", "b.1", "a"]
        pictures, sources = folders.write(
            {n: tmp_path / n for n in FORMATS},
            images("a", "b.1", "c"),
            frame,
            CLASSES,
            "class",
            ordered,
        )
        assert [picture.field for picture in pictures] == ordered
        project = json.loads(sources["via"].read_text("utf-8"))
        assert [name.split(".png")[0] for name in project["_via_image_id_list"]] == ordered
        names = ["001_c", "002_b.1", "003_a"]
        there = sorted(path.name for path in (tmp_path / "labelme").glob("*.png"))
        assert there == [f"{name}.png" for name in names]
        known = FieldNames([vars(picture) for picture in pictures], channels=[])
        read = {known.field(image): image for image in read_back("labelme", sources["labelme"])}
        assert {field: len(image.regions) for field, image in read.items()} == {
            "a": 1,
            "b.1": 1,
            "c": 0,
        }
        assert not len(losses.report(sources, pictures, ANNOTATIONS).query("what == 'box'"))

    def test_no_field_at_all_is_an_error_and_leaves_nothing(self, tmp_path):
        with pytest.raises(StudyError, match=r"no field to export.*export\.splits"):
            write(tmp_path, boxes("a"))
        assert list(tmp_path.iterdir()) == []

    def test_called_cells_are_boxes_labelled_with_their_call(self):
        cells = boxes("a", (1, 2, 3, 4, "in turn"), (5, 6, 7, 8, None), score=[0.4, 0.9])
        cells = cells.assign(call=["partial", "in turn"], det_score=0.5)
        exported = folders.from_cells(cells, min_score=0.5)
        assert exported.to_dict("records") == [
            {"field": "a", "x_min": 5, "y_min": 6, "x_max": 7, "y_max": 8}
            | {"label": "in turn", "score": 0.9}
        ]


edge_x, edge_y = (st.floats(0, limit, width=32) for limit in (WIDTH, HEIGHT))
drawn_boxes = st.tuples(edge_x, edge_y, edge_x, edge_y, st.sampled_from(CLASSES)).map(
    lambda r: (min(r[0], r[2]), min(r[1], r[3]), max(r[0], r[2]), max(r[1], r[3]), r[4])
)
FULL = (0.0, 0.0, float(WIDTH), float(HEIGHT), CLASSES[1])
seen = drawn_boxes.filter(
    lambda row: row[2] - row[0] > 1.001 and row[3] - row[1] > 1.001 and row[:4] != FULL[:4]
)
# the import leaves out what is drawn twice
cells = st.lists(seen, unique_by=lambda row: row[:4], max_size=6)


class TestTheLoop:
    @pytest.mark.parametrize("name", FORMATS)
    @settings(
        max_examples=25,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(cells=cells)
    def test_boxes_and_classes_come_back_through_the_import(self, tmp_path, name, cells):
        """Sub-pixel edges, boxes at the border, any class, one field without cells."""
        written = boxes("a.1", FULL, *cells)
        _, sources = folders.write(
            {name: tmp_path / name}, images("a.1", "empty"), written, CLASSES, "class"
        )
        known = FieldNames(
            [{"field": name, "width": WIDTH, "height": HEIGHT} for name in ("a.1", "empty")], []
        )
        read = to_tables(read_back(name, sources[name]), known, CLASSES)
        order = ["y_min", "x_min", "y_max", "x_max", "label"]
        written = written.sort_values(order, kind="stable", ignore_index=True)
        came_back = read.boxes.sort_values(order, kind="stable", ignore_index=True)
        np.testing.assert_allclose(came_back[BOX_COLUMNS], written[BOX_COLUMNS], rtol=0, atol=1e-6)
        assert came_back["label"].tolist() == written["label"].tolist()
        empty = [] if name == "via" else ["empty"]
        assert read.fields["field"].tolist() == ["a.1", *empty]


def lost(tmp_path, frame: pd.DataFrame, *fields: str) -> dict[tuple, int]:
    """Export a frame and return the losses: number by format, field and what."""
    pictures, sources = write(tmp_path, frame, *fields)
    table = losses.report(sources, pictures, ANNOTATIONS)
    storage.write(table, tmp_path / "losses.tsv", EXPORT_LOSSES)
    return {(row.format, row.field, row.what): row.n for row in table.itertuples()}


class TestLosses:
    def test_boxes_and_their_classes_are_no_loss(self, tmp_path):
        frame = boxes("a", FULL, (0.1, 0.2, 0.7, 1.1, "in turn"))
        assert lost(tmp_path, frame, "a") == {}

    def test_via_cannot_tell_a_field_found_empty(self, tmp_path):
        assert lost(tmp_path, boxes("a", FULL), "a", "b") == {("via", "b", "empty field"): 1}

    def test_no_format_gives_the_annotator_back(self, tmp_path):
        frame = boxes("a", FULL, FULL, annotator="anna")
        assert lost(tmp_path, frame, "a") == {(name, "a", "annotator"): 2 for name in FORMATS}

    def test_predictions_lose_their_score_and_pass_for_looked_at(self, tmp_path):
        found = lost(tmp_path, boxes("a", FULL, score=0.5), "a", "b")
        assert found == {
            ("coco", "all", "not looked at"): 2,
            ("coco", "a", "score"): 1,
            ("labelme", "all", "not looked at"): 2,
            ("labelme", "a", "score"): 1,
            ("via", "b", "empty field"): 1,
            ("via", "a", "not looked at"): 1,
            ("via", "a", "score"): 1,
        }

    def test_outlines_are_reduced_to_boxes(self, tmp_path):
        found = lost(tmp_path, boxes("a", FULL, FULL, area=[78.5, np.nan]), "a")
        assert found[("via", "a", "area")] == found[("labelme", "a", "area")] == 1

    def test_what_every_field_with_boxes_has_lost_is_one_row(self, tmp_path):
        frame = pd.concat([boxes("a", FULL, FULL), boxes("b", FULL)]).assign(annotator="anna")
        found = lost(tmp_path, frame, "a", "b", "c")
        empty = {("via", "c", "empty field"): 1}
        assert found == {(name, "all", "annotator"): 3 for name in FORMATS} | empty

    def test_fields_found_empty_are_each_named(self, tmp_path):
        found = lost(tmp_path, boxes("a"), "a", "b")
        assert found == {("via", "a", "empty field"): 1, ("via", "b", "empty field"): 1}

    @pytest.mark.parametrize(
        ("change", "what", "n"),
        [
            (lambda regions: regions[1:], "box", 1),
            (lambda regions: [], "box", 2),
            (lambda regions: [moved(regions[0], x=1), regions[1]], "edges", 1),
            (lambda regions: [renamed(regions[0], CLASSES[3]), regions[1]], "class", 1),
        ],
    )
    def test_what_a_written_file_does_not_hold_is_measured(self, tmp_path, change, what, n):
        frame = boxes("a", FULL, (1, 2, 3, 4, "in turn"))
        pictures, sources = write(tmp_path, frame, "a")
        project = json.loads(sources["via"].read_text())
        [image] = project["_via_img_metadata"].values()
        image["regions"] = change(image["regions"])
        sources["via"].write_text(json.dumps(project))
        table = losses.report({"via": sources["via"]}, pictures, ANNOTATIONS)
        assert (what, n) in list(zip(table["what"], table["n"], strict=True))

    def test_a_field_that_is_not_complete_counts_as_complete_when_it_is_read_back(self, tmp_path):
        pictures, sources = write(tmp_path, boxes("a", (1, 2, 3, 4, "in turn")), "a")
        table = losses.report(sources, pictures, ANNOTATIONS, incomplete={"a", "b"})
        found = table[table["what"] == "incomplete"]
        assert found[["format", "field", "n"]].to_numpy().tolist() == [
            [name, "a", 1] for name in sources
        ]


def moved(region: dict, **edges: float) -> dict:
    return {**region, "shape_attributes": {**region["shape_attributes"], **edges}}


def renamed(region: dict, label: str) -> dict:
    return {**region, "region_attributes": {"class": label}}


def test_what_the_study_itself_exports_is_refused_as_its_annotations(tmp_path):
    schema = configuration.load_schema(ROOT / "workflow/schemas/config.schema.yaml")
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    del config["simulation"]
    config |= {"study": "s", "data_root": "data"}
    config["annotations"] = {"format": "labelme", "files": ["../results/s/export/labelme"]}
    for folder in ("results/s/export/labelme", "data"):
        (tmp_path / folder).mkdir(parents=True)
    with pytest.raises(StudyError, match=r"\.\./results/s/export/labelme.*copy it elsewhere"):
        configuration.check_files(configuration.complete(config, schema, "c.yaml"), tmp_path)


@pytest.mark.real_data
def test_genuine_outlines_lose_their_area_and_nothing_else(tmp_path):
    root = os.environ.get("CELLPHENO_REAL_DATA")
    if not root:
        pytest.skip("CELLPHENO_REAL_DATA is not set")
    project = Path(root, "via_zebrafish/test/project.json")
    found = registry.read([project], {**ANNOTATIONS, **losses.NEUTRAL, "format": "via"})
    frame = pd.DataFrame(
        [
            (f"image-{number}", *region.box, region.label, region.area)
            for number, image in enumerate(found)
            for region in image.regions
        ],
        columns=["field", *BOX_COLUMNS, "label", "area"],
    )
    pictures = ((name, np.zeros((2048, 2048, 3), np.uint8)) for name in frame["field"].unique())
    written, sources = folders.write(
        {name: tmp_path / name for name in FORMATS},
        pictures,
        frame,
        sorted(set(frame["label"])),
        "class",
    )
    table = losses.report(sources, written, ANNOTATIONS)
    assert len(frame) == 87
    assert table[["format", "field", "what", "n"]].to_numpy().tolist() == [
        [name, "all", "area", 87] for name in FORMATS
    ]
