"""Missing and contradictory settings in the config's section `annotations` are reported."""

import copy
from pathlib import Path

import pytest
import yaml

from cellpheno.core.errors import StudyError
from cellpheno.study import configuration
from cellpheno.study.annotations import annotators

ROOT = Path(__file__).parents[3]
SCHEMA = configuration.load_schema(ROOT / "workflow/schemas/config.schema.yaml")
DEFAULT = yaml.safe_load((ROOT / "config.yaml").read_text())


def complete(**annotations: object) -> dict:
    """The default config for real data with this section, completed."""
    config = copy.deepcopy(DEFAULT)
    del config["simulation"]
    config["annotations"] = annotations
    return configuration.complete(config, SCHEMA, "study.yaml")


@pytest.mark.parametrize(
    "annotations",
    [
        {"format": "via", "files": ["a.json"], "class_attribute": "type"},
        {"format": "coco", "files": ["a.json", "b.json"]},
        {"format": "masks", "files": ["masks"], "label": "non-CIC", "suffix": "_MaskNuclei"},
        {"format": "masks", "files": ["masks"], "label_column": "condition"},
        {"format": "csv", "files": ["a.tsv"], "columns": {"image": "tile", "x_min": "left"}},
        {"format": "csv", "files": ["a.tsv"], "label": "cell", "rename": {"cell": "non-CIC"}},
        {"format": "sheet", "label_column": "condition"},
    ],
)
def test_a_section_with_what_its_format_needs_is_accepted(annotations):
    [settings] = annotators(complete(**annotations))
    assert settings.items() >= annotations.items()


def test_further_annotators_take_from_the_first_what_they_leave_out():
    config = complete(
        format="via",
        files=["expert.json"],
        class_attribute="type",
        annotator="expert",
        further_annotators=[
            {"annotator": "student", "files": ["student.json"]},
            {"annotator": "model", "files": ["boxes.csv"], "format": "csv", "pixel_scale": 2},
        ],
    )
    expert, student, model = annotators(config)
    assert [each["annotator"] for each in (expert, student, model)] == [
        "expert",
        "student",
        "model",
    ]
    assert student == {**expert, "annotator": "student", "files": ["student.json"]}
    assert (model["format"], model["pixel_scale"], expert["pixel_scale"]) == ("csv", 2, 1)


VIA = {"format": "via", "files": ["a.json"]}


@pytest.mark.parametrize(
    ("annotations", "words"),
    [
        ({"format": "via"}, "name no files"),
        ({"format": "yolo", "files": ["a"]}, "'yolo' is not one of"),
        ({"format": "masks", "files": ["a"]}, "masks, which hold no class"),
        ({"format": "masks", "files": ["a"], "label": "non-cic"}, "annotations.label .*non-CIC"),
        (
            {"format": "csv", "files": ["a"], "label": "partial", "label_column": "condition"},
            "both label and label_column",
        ),
        ({**VIA, "label": "partial"}, "holds the classes itself"),
        ({"format": "sheet"}, "label_column"),
        ({"format": "sheet", "label_column": "condition", "files": ["a"]}, "has no files"),
        ({**VIA, "ignore": ["x"], "rename": {"x": "partial"}}, "both ignore and rename 'x'"),
        ({**VIA, "rename": {"x": "patrial"}}, "annotations.rename/x .*partial"),
        ({**VIA, "pixel_scale": 0}, "pixel_scale"),
        ({**VIA, "columns": {"left": "x"}}, "annotations.columns"),
        ({**VIA, "further_annotators": [{"files": ["b.json"]}]}, "annotator is missing"),
        (
            {**VIA, "further_annotators": [{"annotator": "expert", "files": ["b.json"]}]},
            "expert appear twice",
        ),
        (
            {**VIA, "further_annotators": [{"annotator": "b", "rename": {"x": "patrial"}}]},
            "annotations.rename/x",
        ),
        (
            {**VIA, "further_annotators": [{"annotator": "b", "format": "masks"}]},
            "annotations of b are masks",
        ),
        (
            {**VIA, "further_annotators": [{"annotator": "b", "pixelscale": 2}]},
            "further_annotators.0.pixelscale is not known.*pixel_scale",
        ),
    ],
)
def test_a_section_that_contradicts_itself_is_refused(annotations, words):
    with pytest.raises(StudyError, match=words):
        complete(**annotations)


def test_a_simulated_study_has_annotations_as_it_simulates_them():
    config = copy.deepcopy(DEFAULT)
    config["annotations"].update(format="masks", label="partial")
    with pytest.raises(StudyError, match="simulated study .*via"):
        configuration.complete(config, SCHEMA, "study.yaml")


def simulated(further, annotators):
    config = copy.deepcopy(DEFAULT)
    config["annotations"]["further_annotators"] = further
    config["simulation"]["annotators"] = annotators
    return configuration.complete(config, SCHEMA, "study.yaml")


def test_some_annotators_of_a_simulated_study_may_be_people():
    config = simulated(
        [
            {"annotator": "student", "files": ["student.json"]},
            {"annotator": "person", "files": ["person.csv"], "format": "csv"},
        ],
        [{"name": "student", "miss": 0.1}],
    )
    (student,) = config["simulation"]["annotators"]
    assert student["name"] == "student"
    assert student["miss"] == 0.1
    assert student["wrong_class"] == student["shift_px"] == student["false_boxes"] == 0


@pytest.mark.parametrize(
    ("further", "words"),
    [
        ([{"annotator": "studnet", "files": ["b.json"]}], "'student'.*studnet is the nearest"),
        ([{"annotator": "student", "files": ["b.csv"], "format": "csv"}], "format via"),
        ([{"annotator": "student"}], "expert, student are simulated.*file of their own"),
        ([{"annotator": "student", "files": ["b.json", "c.json"]}], "file of their own"),
        ([{"annotator": "the model", "files": ["b.json"]}], "human_model.tsv"),
    ],
)
def test_a_simulated_annotator_needs_one_file_that_is_read(further, words):
    with pytest.raises(StudyError, match=words):
        simulated(further, [{"name": "student"}])


def test_files_of_every_annotator_must_be_there(tmp_path):
    config = complete(
        **VIA, further_annotators=[{"annotator": "student", "files": ["student.json"]}]
    )
    config["data_root"] = "raw"
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw/a.json").touch()
    with pytest.raises(StudyError, match=r"annotator student.*raw/student\.json"):
        configuration.check_files(config, tmp_path)
