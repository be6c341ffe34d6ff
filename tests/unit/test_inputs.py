"""What networks see: named lists of channels, checked before any compute."""

import copy

import pytest
from conftest import ROOT

from cellpheno import configuration, inputs
from cellpheno.errors import StudyError

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
    assert [configuration.trained_as(done, name) for name in done["detectors"]] == [
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
        (("inputs", "none"), [], "inputs.none has a value that does not fit"),
        (("detection", "input"), "gray", r"detection.input \(detector main\).*grey is the nearest"),
        (("experiments", "main"), {"input": "fuor"}, "classification.input.*'fuor'.*four is"),
        (("detectors", "main"), {"input": ["four"]}, r"detection.input .* names \['four'\]"),
    ],
)
def test_an_input_that_cannot_be_is_told_in_one_sentence(config, path, value, message):
    with pytest.raises(StudyError, match=message):
        complete(changed(config, path, value))


@pytest.mark.parametrize("protocol", ["published", "corrected"])
@pytest.mark.parametrize("study", ["cca", "aim_cics", None])
def test_a_random_stem_is_the_published_protocol_of_one_study(config, protocol, study):
    config.update(protocol=protocol, published_study=study)
    done = complete(config)
    published = protocol == "published" and study == "cca"
    assert done["detection"]["model"]["stem"] == ("random_frozen" if published else "adapted")
    assert done["classification"]["model"]["stem"] == ("random" if published else "adapted")
    config["detection"]["model"]["stem"] = "random"
    assert complete(config)["detection"]["model"]["stem"] == "random"
