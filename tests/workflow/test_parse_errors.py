"""A user's mistakes are reported in one sentence when the Snakefile is parsed, before any job."""

import json

import pytest


@pytest.fixture
def study(small_study, small_rows):
    """A study of real files: nothing simulated, so every file must be there."""
    config = small_study.config
    del config["simulation"]
    config["data_root"] = "raw"
    (small_study.folder / "raw").mkdir()
    for row in small_rows:
        for channel in config["channels"]:
            (small_study.folder / "raw" / row[channel]).touch()
    regions = [
        {
            "shape_attributes": {"name": "rect", "x": 1, "y": 1, "width": 9, "height": 9},
            "region_attributes": {"class": name},
        }
        for name in config["classes"]
    ]
    image = {"filename": "annotated-slide-1.png", "size": -1, "regions": regions}
    project = {"_via_img_metadata": {"annotated-slide-1.png-1": image}}
    config["annotations"]["files"] = ["via.json"]
    (small_study.folder / "raw/via.json").write_text(json.dumps(project))
    return small_study.write()


def refusal(study) -> str:
    """Return the message of a dry run that must fail, and check that it is one sentence."""
    done = study.write().snakemake("--dry-run", check=False)
    assert done.returncode != 0
    assert "Traceback" not in done.stdout
    # the first line is Snakemake's, about the profile
    _, sentence = done.stdout.strip().splitlines()
    assert sentence.startswith("cellpheno: ")
    return sentence


def test_a_correct_study_is_planned(study):
    assert "train_classifier" in study.planned()


def test_an_unknown_config_key(study):
    study.config["classifcation"] = {}
    sentence = refusal(study)
    assert "study.yaml" in sentence
    assert "classifcation" in sentence
    assert "classification" in sentence


def test_a_missing_channel_file(study):
    (study.folder / "raw/mock-r2_nucleus.tif").unlink()
    sentence = refusal(study)
    assert "nucleus" in sentence
    assert "mock-r2" in sentence


def test_a_duplicate_field(study, small_rows):
    study.write_fields([*small_rows, small_rows[0]])
    assert "annotated-slide-1" in refusal(study)


def test_an_unknown_condition_used_as_control(study):
    study.config["statistics"]["control"] = "contol"
    sentence = refusal(study)
    assert "statistics.control" in sentence
    assert "'contol'" in sentence


def test_a_class_that_the_annotations_do_not_know(study):
    study.config["classes"].append("entosis")
    sentence = refusal(study)
    assert "'entosis'" in sentence
    assert "via.json" in sentence


def test_an_annotation_file_that_is_not_there(study):
    study.config["annotations"]["files"] = ["via_project.json"]
    assert "via_project.json" in refusal(study)


def test_an_empty_sample_sheet(study, small_rows):
    header = "\t".join(small_rows[0]) + "\n"
    (study.folder / "fields.tsv").write_text(header)
    assert "fields.tsv has no rows" in refusal(study)


def test_fewer_than_two_units_in_a_condition(study, small_rows):
    study.write_fields([row for row in small_rows if row["field"] != "mock-r2"])
    sentence = refusal(study)
    assert "mock" in sentence
    assert "1 replicate" in sentence


def test_a_weights_file_that_is_not_there(study):
    study.config["classification"]["model"]["weights"] = "weights/resnet18.pth"
    sentence = refusal(study)
    assert "classification.model.weights" in sentence
    assert "weights/resnet18.pth" in sentence


def test_a_sequence_whose_frames_are_no_numbers(study, small_rows):
    rows = [{**row, "sequence": "movie", "frame": "1"} for row in small_rows]
    rows[1]["frame"] = "second"
    study.write_fields(rows)
    assert "has 'second' in the column frame" in refusal(study)
