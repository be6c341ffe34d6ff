import copy
import datetime
import runpy
from pathlib import Path

import pytest
import yaml

from cellpheno.core import notices
from cellpheno.core.errors import StudyError
from cellpheno.detection.backends.torchvision_models import ARCHITECTURES
from cellpheno.networks.backbones import family
from cellpheno.study import configuration, detection, protocols, schema_defaults

ROOT = Path(__file__).parents[3]
SCHEMA = configuration.load_schema(ROOT / "workflow/schemas/config.schema.yaml")
CONFIGS = [ROOT / "config.yaml", *sorted((ROOT / "config").glob("*.yaml"))]
DEFAULT = yaml.safe_load((ROOT / "config.yaml").read_text())


def complete(config):
    return configuration.complete(config, SCHEMA, "config.yaml")


COUNTS = {"test": "gee", "unit": "replicate"}
FIELDS = {"test": "student", "unit": "field"}


def changed(*path, to):
    config = copy.deepcopy(DEFAULT)
    section = config
    for key in path[:-1]:
        section = section.setdefault(key, {})
    section[path[-1]] = to
    return config


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_every_config_in_the_repository_is_accepted(path):
    config = yaml.safe_load(path.read_text())
    assert complete(config)["study"] == config["study"]


def test_a_complete_config_is_not_changed_by_completing_it_again():
    once = complete(DEFAULT)
    assert complete(once) == once


def test_every_key_of_the_schema_has_a_default_or_is_required():
    def without_default(schema, path):
        for key, part in schema.get("properties", {}).items():
            part = schema_defaults.resolved(part, SCHEMA)
            known = key in schema.get("required", []) or "default" in part
            if not known:
                yield (*path, key)
            yield from without_default(part, (*path, key))

    by_protocol = set(protocols.CORRECTED)
    optional = {("simulation",), ("fetch",), ("negative_class",)}
    assert set(without_default(SCHEMA, ())) == by_protocol | optional


def test_the_order_of_keys_makes_no_difference():
    def reordered(value):
        if not isinstance(value, dict):
            return value
        return {key: reordered(value[key]) for key in reversed(value)}

    # these hold names that the user gives, or begin with the one that counts most
    free = {"simulation", "class_groups", "composite", "detectors", "experiments"}
    config = {k: v if k in free else reordered(v) for k, v in reversed(DEFAULT.items())}
    assert repr(complete(config)) == repr(complete(DEFAULT))


def test_a_short_config_gets_all_defaults():
    short = {key: DEFAULT[key] for key in ("study", "fields", "channels", "annotations", "classes")}
    assert complete(short)["detection"]["training"]["steps"] == "auto"
    assert complete(short)["splits"]["near_duplicates"] == "leave_out"
    config = complete({**short, "negative_class": "non-CIC", "published_study": "aim_cics"})
    assert config["classification"]["model"]["backbone"] == "resnet101"
    assert config["detection"]["training"]["steps"] == 50000
    expected = {
        "device": "auto",
        "precision": "auto",
        "compile": "auto",
        "threads": 2,
        "gpus_per_training": 1,
    }
    assert config["compute"] == expected


def test_the_protocol_decides_what_the_config_leaves_open():
    published = complete({**DEFAULT, "protocol": "published"})
    corrected = complete({**DEFAULT, "protocol": "corrected"})
    assert published["calls"]["rule"] == "best_positive"
    assert corrected["calls"]["rule"] == "argmax"
    assert [test["unit"] for test in published["statistics"]["tests"]] == ["field"]


def test_a_published_protocol_is_that_of_a_study():
    own = {**DEFAULT, "protocol": "published"}
    for study in ("cca", "jimt1"):
        config = complete({**own, "published_study": study})
        assert config["calls"]["rule"] == "argmax"
        assert config["classification"]["training"]["validation"] == "fields"
    with pytest.raises(StudyError, match=r"published_study does not say whose.*aim_cics, cca, jim"):
        complete({**own, "published_study": None})


def test_cells_that_were_learned_from_are_not_reported():
    config = {**DEFAULT, "evaluation": {"report_on": "val"}}
    assert complete(config)["evaluation"]["report_on"] == "val"
    config["experiments"] = {"main": {}, "other": {"training": {"validation": "cells"}}}
    with pytest.raises(StudyError, match=r"report_on is val.*cells \(experiment other\)"):
        complete(config)


def test_no_protocol_chooses_a_key_that_the_corrected_one_does_not():
    for choices in protocols.PUBLISHED.values():
        assert set(choices) <= set(protocols.CORRECTED)


def test_a_key_in_the_config_wins_over_the_protocol():
    config = changed("calls", "rule", to="argmax") | {"protocol": "published"}
    assert complete(config)["calls"]["rule"] == "argmax"


def test_every_backbone_of_the_schema_can_be_built():
    model = SCHEMA["properties"]["classification"]["properties"]["model"]["properties"]
    for name in model["backbone"]["enum"]:
        assert family(name)
    detector = SCHEMA["properties"]["detection"]["properties"]["model"]["properties"]
    for backbones in ARCHITECTURES.values():
        assert set(detector["backbone"]["enum"]) == set(backbones)


def test_the_annotators_view_shows_what_the_composite_shows_unless_the_config_differs():
    config = complete(changed("annotator_view", to={"blue": "membrane"}))
    shown = [config["annotator_view"][colour] for colour in ("red", "green", "blue")]
    assert shown == ["membrane", "brightfield", "membrane"]
    assert config["annotator_view"]["filtered"] == config["channels"]


@pytest.mark.parametrize(
    ("channels", "shown"),
    [
        (["a"], ["a", "a", "a"]),
        (["a", "b"], ["a", "a", "b"]),
        (["a", "b", "c"], ["a", "b", "c"]),
        (["green", "blue", "red"], ["red", "green", "blue"]),
        (["dapi", "red"], ["red", "dapi", "dapi"]),
        (["red", "green"], ["red", "green", "red"]),
    ],
)
def test_channels_are_shown_in_their_colours_or_in_their_order(channels, shown, monkeypatch):
    monkeypatch.setattr(notices, "_given", [])
    short = {key: DEFAULT[key] for key in ("study", "fields", "annotations", "classes")}
    config = complete({**short, "channels": channels})
    assert [config["composite"][colour] for colour in ("red", "green", "blue")] == shown
    assert complete(config) == config
    assert not notices.given()


def test_channels_that_no_colour_is_left_for_are_named_in_a_warning(monkeypatch):
    monkeypatch.setattr(notices, "_given", [])
    short = {key: DEFAULT[key] for key in ("study", "fields", "annotations", "classes")}
    config = complete({**short, "channels": ["a", "b", "c", "d", "e"], "composite": {"green": "e"}})
    assert [config["composite"][colour] for colour in ("red", "green", "blue")] == ["a", "e", "b"]
    assert ["does not show c, d" in line for line in notices.given()] == [True]


def test_an_own_study_without_a_negative_class_always_calls_the_likeliest():
    short = {key: DEFAULT[key] for key in ("study", "fields", "channels", "annotations", "classes")}
    config = complete(short)
    assert config["negative_class"] == DEFAULT["classes"][0]
    assert config["calls"]["threshold"] == 0
    assert complete({**short, "negative_class": "non-CIC"})["calls"]["threshold"] == 0.2
    with pytest.raises(StudyError, match="negative_class is missing"):
        complete({**short, "published_study": "aim_cics"})


def test_only_studies_of_ones_own_leave_photographs_as_they_are():
    short = {key: DEFAULT[key] for key in ("study", "fields", "channels", "annotations", "classes")}
    assert complete(short)["composite"]["rescale"] == "auto"
    for study in protocols.PUBLISHED:
        published = {**short, "negative_class": "non-CIC", "published_study": study}
        assert complete(published)["composite"]["rescale"] == "percentile"


def test_an_experiment_overrides_only_what_it_names():
    config = changed("experiments", to={"main": {}, "wide": {"model": {"backbone": "resnet50"}}})
    wide = configuration.experiment(complete(config), "wide")
    main = configuration.experiment(complete(config), "main")
    assert wide["model"] == main["model"] | {"backbone": "resnet50"}
    assert wide["training"] == main["training"]


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (changed("tile", to={}), ["tile", "not known", "tiles"]),
        (changed("detection", "training", "stpes", to=5), ["detection.training.stpes", "steps"]),
        (changed("seed", to="zero"), ["seed", "'zero'"]),
        (changed("negative_class", to="non-cic"), ["negative_class", "'non-cic'", "non-CIC"]),
        (changed("class_groups", to={"CIC": ["one in one"]}), ["class_groups", "one in one"]),
        (changed("composite", "red", to="membrain"), ["composite.red", "membrain", "membrane"]),
        (
            changed("figures", "colours", to={"partal": "#123456"}),
            ["figures.colours", "'partal'", "partial"],
        ),
        (changed("figures", "colours", to={"partial": "red"}), ["figures.colours", "'red'"]),
        (changed("statistics", "exclude_classes", to=["f"]), ["exclude_classes", "'f'"]),
        (changed("statistics", "control", to=None), ["null_experiments", "statistics.control"]),
        (
            changed("statistics", to={"measures": ["area"], "tests": [COUNTS]}),
            ["statistics.measures", "t-tests"],
        ),
        (
            changed("statistics", to={"design": "paired", "tests": [FIELDS]}),
            ["statistics.design", "only replicates have partners"],
        ),
        (changed("experiments", to={"a": {"modell": {}}}), ["experiments/a", "modell", "model"]),
        ({k: v for k, v in DEFAULT.items() if k != "classes"}, ["classes", "missing"]),
        (
            changed("classification", "training", "batch_size", to=1),
            ["experiments/main", "classification.training.batch_size is 1", "at least 2"],
        ),
        (changed("classes", to=[0, 1]), ["classes.0 is 0", "a number", "in quotes", "'0'"]),
        (changed("classes", to=[]), ["classes has too few entries (0); give 1 at least"]),
        (changed("classes", to=["a", "b", "a"]), ["classes has 'a' twice"]),
        (changed("classes", to=["a", "b" * 101]), ["classes.1", "101 characters", "at most 100"]),
        (changed("statistics", "control", to=False), ["statistics.control", "a truth value"]),
        (changed("splits", "hold_out", to=[3]), ["splits.hold_out.0 is 3", "in quotes"]),
        (changed("study", to=datetime.date(2024, 1, 1)), ["study is 2024-01-01", "a date"]),
        (changed("study", to=None), ["study has no value"]),
        (changed("study", to="s" * 101), ["study", "101 characters"]),
        (changed("study", to="../s"), ["study is '../s'", "letters, digits"]),
        (changed("study", to="{s}"), ["study has braces"]),
        (changed("experiments", to={"a/b": {}}), ["experiments", "entry 'a/b'", "letters"]),
        (changed("detectors", to={"d" * 101: {}}), ["detectors", "101 characters"]),
        (changed("channels", to=["c" * 101]), ["channels.0", "101 characters"]),
        (changed("annotations", "annotator", to=""), ["annotations.annotator", "empty"]),
        (changed("tiles", "rows", to=10**12), ["tiles.rows is 1000000000000", "10000 at most"]),
        (changed("tiles", "rows", to=10**400), ["tiles.rows", "number beyond"]),
        (changed("tiles", "rows", to=True), ["tiles.rows is true", "a whole number"]),
        (changed("tiles", "rows", to="4"), ["tiles.rows is the text '4'", "a whole number"]),
        (changed("detection", "training", "steps", to=0), ["steps is 0", "1 at least"]),
        (changed("detection", "classes", to=[0]), ["detection.classes.0 is 0", "in quotes"]),
        (changed("seeds", to=list(range(1001))), ["seeds has 1001 entries", "1000 at most"]),
        (changed("classes", to=["non-CIC", "all"]), ["'all'", "rename"]),
        (changed("classes", to=["non-CIC", "in  turn"]), ["'in  turn'", "blanks"]),
        (changed("channels", to=["membrane", "split"]), ["'split'", "rename"]),
        (changed("composite", "percentiles", to=[99, 1]), ["composite.percentiles", "lower"]),
        (changed("composite", "rescale", to="window"), ["composite.window", "no entry"]),
        (changed("composite", "window", to={"nucleus": [7, 7]}), ["window.nucleus", "from 7 to 7"]),
        (changed("annotator_view", "filtered", to=["actin"]), ["annotator_view.filtered", "actin"]),
        (changed("detection", "training", "scales", to=[1.2, 0.8]), ["scales", "lower"]),
        (changed("detection", "model", "backbone", to="resnet81"), ["detection.model.backbone"]),
        (changed("classification", "model", "backbone", to="resnet81"), ["backbone", "resnet81"]),
        (changed("classification", "model", "frozen_batch_norm", to=True), ["frozen_batch_norm"]),
        (
            changed("compute", "gpus_per_training", to=3),
            ["gpus_per_training is 3", "detection.training.batch_size (detector main) of 4"],
        ),
        (changed("simulation", "annotated", to="anotated"), ["'anotated'", "annotated"]),
        (
            changed("simulation", "cell_lines", to={"mok": {"radius": 2}}),
            ["simulation.cell_lines", "'mok'", "mock is the nearest"],
        ),
        (
            changed("simulation", "cell_lines", to={"mock": {"size": 2}}),
            ["simulation.cell_lines.mock.size", "not known"],
        ),
    ],
)
def test_a_mistake_is_reported_in_one_sentence_that_names_the_key(config, words):
    with pytest.raises(StudyError) as error:
        complete(config)
    said = error.value.sentences
    assert all(sentence.startswith("config.yaml") and "\n" not in sentence for sentence in said)
    assert any(all(word in sentence for word in words) for sentence in said), said


def test_all_mistakes_of_a_config_are_reported_together():
    config = changed("statistics", "contrl", to="mock")
    config["seeds"] = "one"
    config["composite"]["red"] = "gren"
    config["statistics"]["exclude_classes"] = ["unclaer"]
    config["detectors"] = {"main": {}, "fcos": {"model": {"backend": "rtdetr"}}}
    with pytest.raises(StudyError) as error:
        complete(config)
    told = ["statistics.contrl", "seeds", "'gren'", "'unclaer'", "detectors/fcos"]
    assert all(any(word in said for said in error.value.sentences) for word in told)
    assert len(error.value.sentences) == len(told)
    assert str(error.value).count("\n") == len(told)


def test_what_follows_from_a_mistake_is_no_mistake_of_its_own():
    config = changed("statistics", "control", to=False)
    with pytest.raises(StudyError) as error:
        complete(config)
    assert len(error.value.sentences) == 1


def test_a_detector_overrides_only_what_it_names_and_shares_a_training_that_is_the_same():
    config = complete(
        changed(
            "detectors",
            to={
                "main": {},
                "enlarged": {"inference": {"scale": 1.5}},
                "fcos": {"model": {"architecture": "fcos"}},
            },
        )
    )
    assert configuration.detector(config, "enlarged")["inference"]["scale"] == 1.5
    assert configuration.detector(config, "fcos")["model"]["backbone"] == "resnet18_small"
    trained = [detection.trained_as(config, name) for name in config["detectors"]]
    assert trained == ["main", "main", "fcos"]


def test_a_detectors_override_is_checked_like_the_section():
    with pytest.raises(StudyError, match="detectors/fcos"):
        complete(changed("detectors", to={"fcos": {"model": {"architecture": "yolo"}}}))


def test_planes_are_given_for_channels_of_the_study_by_name_or_number():
    planes = {"nucleus": "DAPI", "membrane": 2}
    settings = complete(changed("image_files", to={"planes": planes}))["image_files"]
    assert settings == {"planes": planes, "z_stack": "refuse"}
    for wrong, word in [
        ({"nucleos": 1}, "nucleus is the nearest"),
        ({"nucleus": 0}, "image_files.planes.nucleus"),
        ({"nucleus": ""}, "image_files.planes.nucleus"),
    ]:
        with pytest.raises(StudyError, match=word):
            complete(changed("image_files", to={"planes": wrong}))


def numbers_of(schema, path=()):
    """Yield each part of a schema that takes numbers, with its path."""
    if not isinstance(schema, dict):
        return
    part = schema_defaults.resolved(schema, SCHEMA)
    if {"integer", "number"} & {*([part["type"]] if isinstance(part.get("type"), str) else [])}:
        yield path, part
    for key in ("properties", "$defs"):
        for name, value in part.get(key, {}).items():
            yield from numbers_of(value, (*path, name))
    for key in ("items", "additionalProperties"):
        yield from numbers_of(part.get(key), (*path, key))


def test_every_count_of_the_schema_has_a_largest_value():
    numbers = list(numbers_of(SCHEMA))
    assert len(numbers) > 50
    unbounded = {
        path[-1] for path, part in numbers if part["type"] == "integer" and "maximum" not in part
    }
    assert unbounded == {"article"}  # a number that figshare gives


def keys_of(schema, path=()):
    """Yield every key of a schema, those of entries included, with its path."""
    for key, part in schema.get("properties", {}).items():
        part = schema_defaults.resolved(part, SCHEMA)
        yield (*path, key), part
        for place in (part, part.get("items"), part.get("additionalProperties")):
            yield from keys_of(place if isinstance(place, dict) else {}, (*path, key))


def test_every_key_of_the_schema_has_a_description_of_at_most_a_few_sentences():
    keys = dict(keys_of(SCHEMA))
    assert ("simulation", "annotators", "miss") in keys
    for path, part in keys.items():
        assert 5 < len(part.get("description", "")) < 450, path
        assert part["description"].endswith("."), path


def test_the_document_of_all_keys_is_made_from_the_schema():
    made = runpy.run_path(str(ROOT / "docs/make_configuration.py"))["page"]()
    assert (ROOT / "docs/configuration.md").read_text() == made, "run docs/make_configuration.py"
    for path, _ in keys_of(SCHEMA):
        assert f"`{path[-1]}`" in made or f".{path[-1]}`" in made or f"## {path[-1]}" in made
