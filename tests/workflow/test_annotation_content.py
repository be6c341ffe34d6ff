"""Annotations whose content is wrong: refused before any job, or left out where all can see it."""

import json

import pytest
from mini_study import SIDE, SIDES, MiniStudy

from cellpheno.tables import storage
from cellpheno.tables.annotations import ANNOTATED_FIELDS, BOXES
from cellpheno.tables.quality import WARNINGS


def write_coco(study: MiniStudy, scale: float = 1.0, crowds: tuple[str, ...] = ()) -> None:
    """Write the study's cells as COCO; the first one of each image in `crowds` is a crowd."""
    names = list(study.annotated)
    annotations = [
        {
            "image_id": names.index(image),
            "category_id": list(SIDES).index(kind),
            "bbox": [x * scale, y * scale, SIDES[kind] * scale, SIDES[kind] * scale],
            "iscrowd": int(image in crowds and number == 0),
        }
        for image, cells in study.annotated.items()
        for number, (kind, x, y) in enumerate(cells)
    ]
    content = {
        "images": [
            {"id": number, "file_name": name, "width": SIDE, "height": SIDE}
            for number, name in enumerate(names)
        ],
        "annotations": annotations,
        "categories": [{"id": number, "name": name} for number, name in enumerate(SIDES)],
    }
    (study.data / "coco.json").write_text(json.dumps(content))
    study.config["annotations"] = {"format": "coco", "files": ["coco.json"]}


def test_shares_of_the_image_are_refused_in_one_sentence_before_any_job(mini_study):
    write_coco(mini_study, scale=1 / SIDE)
    refused = mini_study.write().snakemake("--dry-run", check=False)
    assert refused.returncode
    [sentence] = [line for line in refused.stdout.splitlines() if line.startswith("cellpheno: ")]
    assert "shares of the image" in sentence


def test_annotations_of_pictures_of_twice_the_size_name_the_key_to_set(mini_study):
    mini_study.write_via(scale=2.0)
    refused = mini_study.write().snakemake("--until", "import_annotations", check=False)
    assert refused.returncode
    assert "import_annotations: " in refused.stdout
    assert "annotations.pixel_scale" in refused.stdout


def test_a_training_field_that_nobody_annotated_is_a_warning(mini_study):
    del mini_study.annotated["ann5.tif"]
    mini_study.write_via()
    table = "results/mini/warnings/split_fields.tsv"
    done = mini_study.write().snakemake(table)
    assert "split_fields: 1 fields are not annotated" in done.stdout
    assert "count as fields without cells (ann5)" in (mini_study.folder / table).read_text()


@pytest.fixture
def with_crowds(mini_study) -> MiniStudy:
    """The mini study with a crowd in one training field, run to its tiles and warnings."""
    write_coco(mini_study, crowds=("ann2.tif",))
    results = "results/mini"
    mini_study.write().snakemake(
        f"{results}/tiles/composite", f"{results}/annotations/warnings.tsv"
    )
    return mini_study


def test_a_field_of_which_a_cell_was_left_out_teaches_the_detector_nothing(with_crowds):
    results = with_crowds.results
    fields = storage.read(results / "annotations/fields.tsv", ANNOTATED_FIELDS)
    assert fields.set_index("field")["complete"].to_dict() == {f"ann{n}": n != 2 for n in range(6)}
    tiles = json.loads((results / "tiles/composite/train.json").read_text())
    assert {tile["field"] for tile in tiles["images"]} == {"ann3", "ann4", "ann5"}
    # its other cells are there to train the classifier
    boxes = storage.read(results / "annotations/boxes.parquet", BOXES)
    assert (boxes["field"] == "ann2").sum() == 2
    warnings = storage.read(results / "annotations/warnings.tsv", WARNINGS)
    [of_crowds, of_report] = warnings["warning"]
    assert "CVAT" in of_crowds
    assert "results/mini/annotations/report.tsv" in of_report
