"""Inputs of networks: named lists of channels, checked before any compute."""

import copy

import pytest
from conftest import ROOT

from cellpheno.core.errors import StudyError
from cellpheno.study import configuration, detection, inputs

SCHEMA = configuration.load_schema(ROOT / "workflow/schemas/config.schema.yaml")


def complete(config):
    return configuration.complete(config, SCHEMA, "study.yaml")


@pytest.fixture
def config(default_config):
    """The default study with two further inputs."""
    changed = copy.deepcopy(default_config)
    changed["inputs"] = {
        "grey": ["brightfield", "brightfield", "brightfield"],
        "four": ["brightfield", "brightfield", "brightfield", "nucleus"],
    }
    return changed


def test_the_composite_is_an_input_of_every_study(config):
    complete_config = complete(config)
    assert inputs.names(complete_config) == ["composite", "grey", "four"]
    assert inputs.channels(complete_config, "composite") == ["membrane", "brightfield", "nucleus"]
    assert inputs.channels(complete_config, "four") == config["inputs"]["four"]


def test_a_field_holds_every_plane_that_is_rescaled_in_its_own_way_once(config):
    three = ["brightfield", "brightfield", "nucleus"]
    config["inputs"] = {
        "as_shown": three,
        "said_again": {"channels": three, "rescale": "percentile", "bits": "all"},
        "bytes": {"channels": three, "rescale": "none"},
        "cut": {"channels": ["nucleus"], "bits": "top_byte"},
    }
    done = complete(config)
    for name in ("as_shown", "said_again"):
        assert inputs.channels(done, name) == three
    seen = ["brightfield (none, top_byte)"] * 2 + ["nucleus (none, top_byte)"]
    assert inputs.channels(done, "bytes") == seen
    assert inputs.sources(done, "bytes") == three
    shown = {"rescale": "percentile", "bits": "all"}
    every = {channel: {"channel": channel, **shown} for channel in config["channels"]}
    for channel in ("brightfield", "nucleus"):
        own = {"channel": channel, "rescale": "none", "bits": "top_byte"}
        every[f"{channel} (none, top_byte)"] = own
    every["nucleus (top_byte)"] = {"channel": "nucleus", **shown, "bits": "top_byte"}
    assert inputs.planes(done) == every
    assert list(inputs.planes(done))[:3] == config["channels"]


def test_detectors_and_experiments_choose_their_own(config):
    config["detection"]["input"] = "grey"
    config["detectors"] = {"main": {}, "other": {"input": "four"}, "same": {"inference": {}}}
    config["experiments"] = {"main": {}, "other": {"input": "four"}}
    done = complete(config)
    seen = [configuration.detector(done, name)["input"] for name in done["detectors"]]
    assert seen == ["grey", "four", "grey"]
    assert configuration.experiment(done, "main")["input"] == "composite"
    assert configuration.experiment(done, "other")["input"] == "four"
    # a detector that sees something else is trained by itself
    assert [detection.trained_as(done, name) for name in done["detectors"]] == [
        "main",
        "other",
        "main",
    ]


def changed(config, path, value):
    section = config
    for key in path[:-1]:
        section = section[key]
    section[path[-1]] = value
    return config


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("inputs", "grey"), ["brightfeld"], "inputs.grey names 'brightfeld'.*brightfield is"),
        (("inputs", "composite"), ["nucleus"], "inputs has an entry composite"),
        (("inputs", "none"), [], "inputs.none has too few entries .0.; give 1"),
        (("inputs", "grey"), {"channels": ["dapi"]}, "inputs.grey names 'dapi'"),
        (("inputs", "grey"), {"rescale": "none"}, "inputs.grey.channels is missing"),
        (
            ("inputs", "grey"),
            {"channels": ["nucleus"], "rescale": "raw"},
            "inputs.grey.rescale has an invalid value: 'raw' is not one of",
        ),
        (("inputs", "grey"), {"channels": ["nucleus"], "bit": "all"}, "inputs.grey.bit is not kno"),
        (
            ("inputs", "grey"),
            "nucleus",
            "inputs.grey is the text .nucleus., but should be",
        ),
        (
            ("inputs", "grey"),
            {"channels": ["nucleus"], "rescale": "none", "bits": "all"},
            "inputs.grey has rescale: none, which keeps the upper 8 of 16 bits, but bits: all",
        ),
        (("detection", "input"), "gray", r"detection.input \(detector main\).*grey is the nearest"),
        (("experiments", "main"), {"input": "fuor"}, "classification.input.*'fuor'.*four is"),
        (("detection", "classes"), ["partail"], "detection.classes.*partial is the nearest"),
        (("detection", "classes"), [], "detection.classes has an invalid value"),
        (
            ("detectors", "main"),
            {"input": ["four"]},
            r"input is a list or a section; write one text",
        ),
    ],
)
def test_an_impossible_input_is_reported_in_one_sentence(config, path, value, message):
    with pytest.raises(StudyError, match=message):
        complete(changed(config, path, value))


DEFECTS = {
    ("detection", "model", "stem"): ("random_frozen", "adapted"),
    ("classification", "model", "stem"): ("random", "adapted"),
    ("detection", "model", "normalisation"): ("none", "matched"),
    ("classification", "model", "normalisation"): ("none", "matched"),
    ("classification", "training", "brightness", "kind"): ("clipped", "sound"),
    ("composite", "bits"): ("top_byte", "all"),
}
"""What CCA's published protocol and what the corrected one chooses (C18, C19, C32, C45 to C47)."""


def value(config, path):
    for key in path:
        config = config[key]
    return config


@pytest.mark.parametrize("path", DEFECTS)
@pytest.mark.parametrize("protocol", ["published", "corrected"])
@pytest.mark.parametrize("study", ["cca", "aim_cics", "jimt1"])
def test_a_defect_of_cca_is_only_in_its_published_protocol(config, protocol, study, path):
    config.update(protocol=protocol, published_study=study)
    published, corrected = DEFECTS[path]
    expected = published if (protocol, study) == ("published", "cca") else corrected
    assert value(complete(config), path) == expected


@pytest.mark.parametrize("path", DEFECTS)
def test_a_defect_can_be_chosen_or_repaired_alone(config, path):
    config.update(protocol="published", published_study="cca")
    _, corrected = DEFECTS[path]
    section = config
    for key in path[:-1]:
        section = section.setdefault(key, {})
    section[path[-1]] = corrected
    done = complete(config)
    assert value(done, path) == corrected
    others = [other for other in DEFECTS if other != path]
    assert [value(done, other) for other in others] == [DEFECTS[other][0] for other in others]


@pytest.mark.parametrize(
    ("model", "crops", "message"),
    [
        ({"auxiliary_loss": 0.4}, {}, "experiments/main: .*resnet18 has no auxiliary head"),
        ({"backbone": "inception_v3"}, {"size": 64}, "inception_v3 needs crops of at least 75 px"),
        (
            {"backbone": "inception_v3", "auxiliary_loss": 0.4},
            {"size": 224},
            "inception_v3 with its auxiliary head needs crops of at least 299 px.*size is 224",
        ),
    ],
)
def test_an_impossible_classifier_is_reported_in_one_sentence(config, model, crops, message):
    config["experiments"] = {"main": {"model": model, "crops": crops}}
    with pytest.raises(StudyError, match=message):
        complete(config)


def test_inception_with_its_second_head_sees_crops_of_299_px(config):
    model = {"backbone": "inception_v3", "auxiliary_loss": 0.4}
    config["experiments"] = {"main": {"model": model, "crops": {"size": 299}}}
    assert configuration.experiment(complete(config), "main")["model"]["auxiliary_loss"] == 0.4


def test_a_detector_may_be_asked_for_the_cells_of_some_classes(config):
    config["detectors"] = {"main": {}, "some": {"classes": ["partial", "in turn"]}}
    done = complete(config)
    assert detection.detected_classes(done, "main") == config["classes"]
    assert detection.detected_classes(done, "some") == ["partial", "in turn"]
    assert detection.trained_as(done, "some") == "some"


def test_weights_for_the_whole_detector_and_for_its_backbone_are_not_both_given(config):
    config["detection"]["model"].update(weights="a.pth", backbone_weights="b.pth")
    with pytest.raises(StudyError, match="leave one of them out"):
        complete(config)
