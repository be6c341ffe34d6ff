"""An annotated image is not taken for another one of the same name that lies elsewhere."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

from cellpheno.annotations.formats import registry
from cellpheno.annotations.regions import BOX_AROUND, AnnotatedImage, FieldNames, Region
from cellpheno.annotations.table import Annotated, to_tables, warn_of
from cellpheno.core import notices
from cellpheno.core.errors import StudyError

EDGES = {"xmin": 11, "ymin": 11, "xmax": 30, "ymax": 30}
BOX = [10, 10, 30, 30]
OTHER = ("image of a file that is no field's", "left out")
BY_NAME = ("image whose folder is not that of the field's file", "matched by its name alone")


def coco(folder: Path, image: str) -> Path:
    content = {
        "images": [{"id": 1, "file_name": image}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [10, 10, 20, 20]}],
        "categories": [{"id": 1, "name": "cell"}],
    }
    return _written(folder / "coco.json", json.dumps(content))


def via(folder: Path, image: str) -> Path:
    shape = {"name": "rect", "x": 10, "y": 10, "width": 20, "height": 20}
    region = {"shape_attributes": shape, "region_attributes": {"class": "cell"}}
    return _written(
        folder / "via.json", json.dumps({"1": {"filename": image, "regions": [region]}})
    )


def csv(folder: Path, image: str) -> Path:
    return _written(
        folder / "boxes.csv", f"image,x_min,y_min,x_max,y_max,label\n{image},10,10,30,30,cell\n"
    )


def labelme(folder: Path, image: str) -> Path:
    shape = {"label": "cell", "shape_type": "rectangle", "points": [[10, 10], [30, 30]]}
    content = json.dumps({"shapes": [shape], "imagePath": image})
    return _written(folder / f"{Path(image).stem}.json", content)


def voc(folder: Path, image: str) -> Path:
    edges = "".join(
        f"<{name}>{n}</{name}>" for name, n in zip(EDGES, (11, 11, 30, 30), strict=True)
    )
    parent = Path(image).parent.name
    text = (
        f"<annotation><folder>{parent}</folder><object><name>cell</name><bndbox>{edges}</bndbox>"
        "</object></annotation>"
    )
    return _written(folder / f"{Path(image).stem}.xml", text)


def masks(folder: Path, image: str) -> Path:
    mask = np.zeros((40, 40), np.uint8)
    mask[10:30, 10:30] = 1
    folder.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(folder / f"{Path(image).stem}.tif", mask)
    return folder / f"{Path(image).stem}.tif"


FORMATS: dict[str, Callable[[Path, str], Path]] = {
    "coco": coco,
    "via": via,
    "csv": csv,
    "labelme": labelme,
    "voc": voc,
    "masks": masks,
}
WITH_FOLDERS = ["coco", "via", "csv", "labelme", "voc"]


def _written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.fixture
def study(tmp_path) -> Path:
    """A folder in which two plates have an image of one name; the sheet names that of plate1."""
    for plate, value in (("plate1", 1), ("plate2", 2)):
        (tmp_path / plate).mkdir()
        tifffile.imwrite(tmp_path / plate / "img.tif", np.full((40, 40), value, np.uint16))
    return tmp_path


def imported(study: Path, kind: str, path: Path) -> Annotated:
    """Import an annotation next to a valid one, of another field."""
    rows = [
        {"field": "f1", "raw": str(study / "plate1/img.tif"), "width": 40.0, "height": 40.0},
        {"field": "f2", "raw": str(study / "sound.tif"), "width": 40.0, "height": 40.0},
    ]
    known = FieldNames(rows, ["raw"])
    sound = AnnotatedImage("f2", (Region(tuple(BOX), "cell"),), "sound.json", "expert")
    images = registry.read([path], {"format": kind, "label": "cell"}, known)
    return to_tables([sound, *images], known, ["cell"])


def found(annotated: Annotated) -> list[tuple[str, str]]:
    rows = annotated.report.loc[annotated.report["action"] != BOX_AROUND, ["problem", "action"]]
    return [tuple(row) for row in rows.itertuples(index=False, name=None)]


@pytest.mark.parametrize("kind", WITH_FOLDERS)
def test_an_image_whose_folder_has_a_file_of_no_field_is_left_out(study, kind):
    annotated = imported(study, kind, FORMATS[kind](study, "plate2/img.tif"))
    assert annotated.boxes["field"].tolist() == ["f2"]
    assert found(annotated) == [OTHER]
    assert annotated.report["example"].tolist() == [str(study / "plate2/img.tif")]


@pytest.mark.parametrize("kind", FORMATS)
def test_an_annotation_next_to_a_file_of_no_field_is_of_that_file(study, kind):
    folder = study / "plate2" if kind != "masks" else study / "plate2/masks"
    annotated = imported(study, kind, FORMATS[kind](folder, "img.tif"))
    assert annotated.boxes["field"].tolist() == ["f2"]
    assert found(annotated) == [OTHER]


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("suffix", ["tif", "png"])
def test_an_image_in_the_folder_of_the_fields_file_is_the_fields(study, kind, suffix):
    folder = study if kind != "masks" else study / "masks"
    annotated = imported(study, kind, FORMATS[kind](folder, f"plate1/img.{suffix}"))
    assert annotated.boxes["field"].tolist() == ["f1", "f2"]
    assert found(annotated) == []


@pytest.mark.parametrize("kind", WITH_FOLDERS)
def test_an_image_of_another_folder_without_such_a_file_is_matched_with_a_note(study, kind):
    annotated = imported(study, kind, FORMATS[kind](study / "drawn", "converted/img.png"))
    assert annotated.boxes["field"].tolist() == ["f1", "f2"]
    assert found(annotated) == [BY_NAME]
    assert annotated.report["example"].tolist()[0].startswith("converted/img")


def test_a_picture_made_from_the_fields_file_may_lie_next_to_the_annotations(study):
    (study / "drawn").mkdir()
    (study / "drawn/img.png").touch()
    assert found(imported(study, "via", via(study / "drawn", "img.png"))) == []


def test_a_copy_of_the_fields_file_is_as_good_as_the_file(study):
    shutil.copy(study / "plate1/img.tif", study / "plate2/img.tif")
    annotated = imported(study, "via", via(study / "plate2", "img.tif"))
    assert annotated.boxes["field"].tolist() == ["f1", "f2"]


@pytest.mark.parametrize(
    ("path", "problems"),
    [
        ("C:\\Users\\me\\plate1\\img.tif", []),
        ("/home/me/plate1/img.png", []),
        ("/home/me/plate2/img.tif", [OTHER]),
        ("/home/me/elsewhere/img.tif", [BY_NAME]),
        ("../plate1/img.tif", []),
        ("../plate2/img.tif", [OTHER]),
    ],
)
def test_of_a_path_of_another_machine_the_last_folders_count(study, path, problems):
    assert found(imported(study, "coco", coco(study / "drawn", path))) == problems


def test_of_two_fields_of_one_name_neither_is_meant_by_a_file_of_neither(study):
    (study / "plate3").mkdir()
    tifffile.imwrite(study / "plate3/img.tif", np.full((40, 40), 3, np.uint16))
    rows = [
        {"field": plate, "raw": str(study / plate / "img.tif")} for plate in ("plate1", "plate3")
    ]
    known = FieldNames(rows, ["raw"])
    source = str(coco(study, "plate2/img.tif"))
    assert known.field(AnnotatedImage("plate2/img.tif", (), source)) is None
    assert known.field(AnnotatedImage("plate3/img.tif", (), source)) == "plate3"


def test_the_folder_that_a_voc_file_names_finds_one_of_two_fields_of_one_name(study):
    rows = [
        {"field": plate, "raw": str(study / plate / "img.tif")} for plate in ("plate1", "plate2")
    ]
    known = FieldNames(rows, ["raw"])
    [image] = registry.read([voc(study / "drawn", "plate2/img.tif")], {"format": "voc"}, known)
    assert known.field(image) == "plate2"


def test_when_all_images_are_of_other_files_one_of_these_is_named(study):
    rows = [{"field": "f1", "raw": str(study / "plate1/img.tif"), "width": 40.0, "height": 40.0}]
    known = FieldNames(rows, ["raw"])
    images = registry.read([coco(study, "plate2/img.tif")], {"format": "coco"}, known)
    with pytest.raises(
        StudyError, match=r"None of the 1 .*plate2/img\.tif exists but belongs to no field"
    ):
        to_tables(images, known, ["cell"])


def test_the_number_of_images_matched_by_name_is_a_warning(study, caplog, monkeypatch):
    monkeypatch.setattr(notices, "_given", [])
    monkeypatch.setattr(notices.logger, "propagate", True)
    warn_of(
        imported(study, "coco", coco(study, "converted/img.png")).report, "annotations/report.tsv"
    )
    assert "matched by its name alone: 1 regions in 1 images" in caplog.text
    assert "annotations/report.tsv" in caplog.text
