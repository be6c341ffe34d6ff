"""Defaults and checks for candidates and labels."""

import copy
from pathlib import Path

import pytest

from cellpheno.core.errors import StudyError
from cellpheno.study import annotations, configuration, labels

ROOT = Path(__file__).parents[3]
SCHEMA = configuration.load_schema(ROOT / "workflow/schemas/config.schema.yaml")
GRID = {
    "study": "s",
    "fields": "fields.tsv",
    "channels": ["brightfield", "stain"],
    "composite": dict.fromkeys(("red", "green", "blue"), "brightfield"),
    "candidates": {"source": "grid", "grid": {"size": 96, "stride": 48}},
    "labels": {"source": "fluorescence", "channel": "stain"},
    "classes": ["live", "dead"],
    "negative_class": "live",
}


def completed(**changes):
    config = copy.deepcopy(GRID)
    for path, value in changes.items():
        section = config
        *parents, last = path.split("__")
        for name in parents:
            section = section.setdefault(name, {})
        section[last] = value
    return configuration.complete(config, SCHEMA, "test.yaml")


def test_a_patch_of_the_grid_is_the_classifiers_input_as_it_is():
    crops = completed()["classification"]["crops"]
    expected = {"source": "annotations", "margin": 0, "border": 0, "size": 96, "shape": "padded"}
    assert crops == expected


def test_what_the_config_says_of_crops_goes_first():
    assert completed(classification__crops__size=299)["classification"]["crops"]["size"] == 299


def test_without_a_detector_there_is_no_score_to_choose():
    assert completed()["calls"]["min_score"] == 0


def test_with_grid_and_stain_nobody_needs_to_have_drawn_anything():
    config = completed()
    assert config["annotations"]["format"] == "none"
    assert annotations.annotators(config) == []


def test_a_study_with_a_detector_is_as_it_was(default_config):
    config = configuration.complete(default_config, SCHEMA, "config.yaml")
    assert config["calls"]["min_score"] == "auto"
    assert config["candidates"]["source"] == "detector"
    assert config["classification"]["crops"]["margin"] == 0.16


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels__channel": None}, r"labels\.channel names no channel"),
        ({"labels__channel": "stian"}, r"labels\.channel names 'stian'.*stain is the nearest"),
        ({"labels__low_class": "dead"}, r"low_class and labels\.high_class are both dead"),
        ({"labels__high_class": "ded"}, r"labels\.high_class names 'ded'"),
        ({"labels__within": "mask"}, r"annotations\.format is none, which holds no masks"),
        ({"labels__fit_on": {"a": ["x"], "b": ["y"]}}, r"names 2 columns"),
        ({"labels": {"source": "annotations"}}, r"'?annotations'? is missing"),
        ({"candidates__source": "detector"}, r"annotations is missing"),
        ({"calls__min_score": "auto"}, r"without a detector there is no score to choose"),
        ({"patch_filter__enabled": True}, r"without examples to learn from"),
        (
            {"annotations": {"format": "via", "files": ["a.json"]}},
            r"source is grid, which does not use annotations",
        ),
        (
            {"candidates__source": "annotations", "annotations": {"format": "none"}},
            r"which needs annotations, but annotations\.format is none",
        ),
        (
            {"labels": {"source": "annotations"}, "annotations": {"format": "none"}},
            r"no cell has a class",
        ),
    ],
)
def test_candidates_and_labels_that_do_not_fit_are_refused(changes, message):
    with pytest.raises(StudyError, match=message):
        completed(**changes)


def test_masks_of_another_size_cannot_be_measured_in():
    drawn = {"format": "masks", "files": ["m"], "label": "live", "pixel_scale": 2}
    with pytest.raises(StudyError, match=r"the masks have another size than the fields"):
        completed(candidates__source="annotations", labels__within="mask", annotations=drawn)


def test_a_mixture_cannot_be_fitted_on_fields_that_are_not_there():
    config = completed(labels__fit_on={"condition": ["no treatmant"]})
    sheet = {"condition": ["no treatment", "treated"]}
    with pytest.raises(StudyError, match=r"'no treatmant'.*no treatment is the nearest"):
        labels.check_sheet(config, sheet)
    with pytest.raises(StudyError, match=r"labels\.fit_on names 'condition'"):
        labels.check_sheet(config, {"day": ["3"]})


@pytest.mark.parametrize("word", ["all", "NA"])
def test_a_time_may_not_be_a_word_of_the_tables(word):
    config = completed(viability={"time": "day"})
    labels.check_sheet(config, {"day": ["3", "All"]})
    with pytest.raises(StudyError, match=f"fields.tsv has '{word}' in the column day"):
        labels.check_sheet(config, {"day": ["3", word]})


def test_examples_of_the_filter_must_be_there_unless_they_are_simulated(tmp_path):
    config = completed(
        patch_filter={"enabled": True, "examples": "patches.csv"}, data_root=str(tmp_path)
    )
    with pytest.raises(
        StudyError, match=r"patch_filter\.examples names .*patches\.csv, which does not exist"
    ):
        configuration.check_files(config, tmp_path)
    (tmp_path / "patches.csv").touch()
    configuration.check_files(config, tmp_path)
