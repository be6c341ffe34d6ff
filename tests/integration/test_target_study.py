"""Several detectors and classifiers search for a target class: who judges whose boxes."""

import pytest
from conftest import Study

from cellpheno.tables import storage
from cellpheno.tables.annotations import BOXES
from cellpheno.tables.cells import COMPARED_DETECTIONS, JUDGED_BOXES
from cellpheno.tables.target import IMAGE_LEVEL

pytestmark = pytest.mark.slow

TARGET = "one-in-one"


@pytest.fixture
def study(tmp_path, tiny_config, small_rows) -> Study:
    """Two inputs, each with a detector and a classifier, of which one detector sees two classes."""
    config = tiny_config
    config["inputs"] = {"dye": ["nucleus"], "both": ["nucleus", "membrane"]}
    config["detectors"] = {
        "every_cell": {"input": "both"},
        "target_alone": {"input": "dye", "classes": [TARGET]},
    }
    config["experiments"] = {"dye": {"input": "dye"}, "both": {"input": "both"}}
    config["calls"]["target"] = TARGET
    config["splits"]["by"] = "field"
    study = Study(tmp_path, config)
    slides = [row for row in small_rows if row["condition"] == "annotated"]
    more = [
        {key: value.replace("slide-", f"more-{n}") for key, value in row.items()}
        for n in (1, 2)
        for row in slides
    ]
    study.write_fields([*small_rows, *more])
    return study.write()


def test_each_classifier_judges_the_boxes_of_the_detector_that_sees_what_it_sees(study):
    wanted = ["cell_level.tsv", "image_level.tsv", "fusion_weights.tsv"]
    study.snakemake(*[f"results/small/metrics/{name}" for name in wanted])
    annotated = storage.read(study.results / "annotations/boxes.parquet", BOXES)
    found = storage.read(study.results / "detector/compared.parquet", COMPARED_DETECTIONS)
    assert set(found["detector"]) == {"every_cell", "target_alone"}
    for experiment, detector in (("dye", "target_alone"), ("both", "every_cell")):
        path = study.results / f"judged/{experiment}/seed0.parquet"
        judged = storage.read(path, JUDGED_BOXES)
        boxes = judged[judged["source"] == "detected"]
        assert set(boxes["detector"]) == {detector}
        assert len(boxes) == (found["detector"] == detector).sum()
        drawn = judged[judged["source"] == "annotated"]
        assert len(drawn) == annotated["field"].isin(set(drawn["field"])).sum()
    metrics = storage.read(study.results / "metrics/image_level.tsv", IMAGE_LEVEL)
    judges = set(zip(metrics["experiment"], metrics["detector"], strict=True))
    assert judges == {("dye", "target_alone"), ("both", "every_cell")}
