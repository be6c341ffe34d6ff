"""What a config leaves to the workflow follows from the fingerprint by rules."""

import json
import math
from pathlib import Path

import pytest
import yaml

from cellpheno.planning import choices, plan
from cellpheno.study import configuration

ROOT = Path(__file__).parents[3]
SCHEMA = configuration.load_schema(ROOT / "workflow/schemas/config.schema.yaml")
TEN_LINES = {
    "study": "own",
    "fields": "fields.tsv",
    "channels": ["dapi"],
    "composite": {"red": "dapi", "green": "dapi", "blue": "dapi"},
    "annotations": {"format": "voc", "files": ["boxes"]},
    "classes": ["round", "flat"],
    "negative_class": "round",
}
FACTS = {
    "fields": 60,
    "fields for training": 45,
    "groups": 60,
    "height of the largest field": 480,
    "width of the largest field": 640,
    "cells": 1200,
    "cells for training": 900,
    "cells in a typical field": 20,
    "cells in the densest field": 31,
    "side of a cell, smallest 10 %": 60,
    "side of a cell, median": 100,
    "side of a cell, largest 10 %": 140,
    "long to short side, smallest 10 %": 1,
    "long to short side, median": 1.1,
    "long to short side, largest 10 %": 1.5,
    "overlap of neighbours, upper 1 %": 0.1,
    "memory of the GPU": 0,
}


def config(**changed):
    return configuration.complete({**TEN_LINES, **changed}, SCHEMA, "own.yaml")


def planned(given=None, **facts):
    return plan.complete(given or config(), {**FACTS, **facts})[0]


def scale(**facts):
    return planned(**facts)["detectors"]["main"]["inference"]["scale"]


def keys_of_the_schema(section, path=()):
    for key, part in section.get("properties", {}).items():
        if part.get("auto"):
            yield (*path, key)
        yield from keys_of_the_schema(part, (*path, key))


def test_every_key_that_may_be_auto_has_a_rule():
    rules = {**choices.OF_DETECTORS, **choices.OF_CLASSIFIERS}
    assert set(keys_of_the_schema(SCHEMA)) == set(rules)


def test_a_study_of_ones_own_leaves_all_of_them_to_the_plan():
    given = config()
    assert plan.needed(given)
    for key in keys_of_the_schema(SCHEMA):
        value = given
        for name in key:
            value = value[name]
        assert value == "auto", key


@pytest.mark.parametrize("name", ["aim_cics", "cca", "jimt1", "cca_example", "jimt1_example"])
def test_published_studies_leave_nothing_to_it(name):
    given = yaml.safe_load((ROOT / f"config/{name}.yaml").read_text())
    assert not plan.needed(configuration.complete(given, SCHEMA, name))


def test_no_auto_is_left_and_every_value_suits_the_schema():
    found = planned()
    assert "auto" not in json.dumps([found["tiles"], *found["detectors"].values()])
    assert not plan.needed(found)
    assert configuration.complete(found, SCHEMA, "planned")["tiles"] == found["tiles"]


def test_cells_come_to_the_size_that_the_detector_finds_best():
    assert scale() == pytest.approx(0.4)
    assert scale(**{"side of a cell, median": 38}) == 1
    assert scale(**{"side of a cell, median": 20, "side of a cell, smallest 10 %": 15}) == 2


def test_small_cells_stay_visible():
    assert scale(**{"side of a cell, smallest 10 %": 20}) == pytest.approx(0.7)


def test_without_a_cell_nothing_is_enlarged():
    assert scale(**{"side of a cell, median": math.nan}) == 1


def test_tiles_hold_several_of_the_large_cells():
    assert planned()["tiles"] | {"min_visible": 0} == {"rows": 1, "columns": 1, "min_visible": 0}
    large = {"height of the largest field": 2048, "width of the largest field": 4096}
    tiles = planned(**large, **{"side of a cell, median": 40})["tiles"]
    assert (tiles["rows"], tiles["columns"]) == (4, 7)


def test_what_the_config_sets_wins_and_what_follows_from_it_follows():
    given = config(detection={"inference": {"scale": 1.0}})
    found, rows = plan.complete(given, FACTS)
    assert found["detectors"]["main"]["inference"]["scale"] == 1
    assert found["detectors"]["main"]["training"]["scales"] == [0.8, 1.2]
    said = {key: (who, why) for _, key, _, who, why in rows}
    assert said["detection.inference.scale"] == ("config", "set in the config")
    assert said["tiles.rows"][0] == "plan"


def test_a_gpu_gets_the_larger_networks():
    found = planned(**{"memory of the GPU": 16})
    assert found["detectors"]["main"]["model"]["backbone"] == "resnet50"
    assert found["experiments"]["main"]["crops"]["size"] == 224


def test_networks_start_from_weights_that_could_be_had():
    def chosen(**facts):
        found, rows = plan.complete(config(), {**FACTS, **facts})
        classifier = found["experiments"]["main"]
        detector = found["detectors"]["main"]["model"]
        said = {key: why for _, key, _, _, why in rows}["classification.model.weights"]
        model = classifier["model"]
        return model["backbone"], model["weights"], detector["weights"], said

    assert chosen()[:3] == ("resnet18", None, None)
    assert "costs accuracy" in chosen()[3]
    had = {"imagenet weights of mobilenet_v2": 1, "imagenet weights of resnet50": 1}
    assert chosen(**had)[:3] == ("mobilenet_v2", "imagenet", None)
    gpu = {"memory of the GPU": 80, "coco weights of faster_rcnn": 1}
    assert chosen(**had, **gpu)[:3] == ("resnet50", "imagenet", "coco")
    rate = planned(**had)["experiments"]["main"]["training"]["learning_rate"]
    assert rate < planned()["experiments"]["main"]["training"]["learning_rate"]


def test_weights_that_are_given_decide_the_network():
    given = config(detection={"model": {"weights": "mine.pth"}})
    assert planned(given)["detectors"]["main"]["model"]["backbone"] == "resnet50"


def test_the_file_of_the_plan_is_a_config_that_gives_the_same_plan():
    given = config(detectors={"main": {}, "doubled": {"inference": {"scale": 2.0}}})
    found, rows = plan.complete(given, FACTS)
    text = plan.as_yaml(rows)
    written = yaml.safe_load(text)
    assert written["detectors"] == {
        "main": {},
        "doubled": {"inference": {"scale": 2.0}, "training": {"scales": [1.6, 2.4]}},
    }
    again = plan.complete(config(**written), {})[0]
    assert again["experiments"]["main"] == found["experiments"]["main"]
    assert again["detectors"]["main"] == found["detectors"]["main"]
    assert "# the median cell of 100 px comes to the 40 px" in text


def test_whatever_a_config_sets_by_hand_leads_elsewhere_in_one_of_the_examples():
    given = config()
    chosen = [plan.complete(given, facts)[1] for facts in plan.EXAMPLES]
    same = {one[1] for one, other in zip(*chosen, strict=True) if one[2] == other[2]}
    fixed = ("optimizer", "weight_decay", "schedule", "milestones", "learning_rate", "warmup")
    assert {key for key in same if key.split(".")[-1] not in fixed} == set()


def test_facts_are_read_as_they_were_written(tmp_path):
    (tmp_path / "fingerprint.tsv").write_text("quantity\tvalue\tunit\na\t2.5\tpx\nb\tNA\tpx\n")
    facts = plan.read_facts(tmp_path / "fingerprint.tsv")
    assert facts["a"] == 2.5
    assert math.isnan(facts["b"])
