"""The published configurations, resolved, are what the papers and their authors' code fix.

Every row names its item in the list of steps that the project keeps (docs/protocols.md).
A default that changes later cannot change a published configuration unnoticed.
"""

import copy
import functools
import re

import pandas as pd
import pytest
import yaml
from conftest import ROOT

from cellpheno.core.errors import StudyError
from cellpheno.study import configuration, expansion, inputs
from cellpheno.tables import statistics as statistics_tables
from cellpheno.tables import storage

BF = "brightfield"


@functools.cache
def resolved(name):
    schema = configuration.load_schema(ROOT / "workflow/schemas/config.schema.yaml")
    config = yaml.safe_load((ROOT / f"config/{name}.yaml").read_text())
    return configuration.complete(config, schema, name)


def value(section, path):
    for key in path.split("."):
        section = section[key]
    return section


def check(section, fixed):
    found = {path: value(section, path) for path in fixed}
    assert found == {path: expected for path, (expected, _) in fixed.items()}


AIM_CICS = {
    "protocol": ("published", "all"),
    "published_study": ("aim_cics", "all"),
    "composite.red": ("membrane", "A1"),
    "composite.green": (BF, "A1"),
    "composite.blue": ("nucleus", "A1"),
    "annotations.format": ("via", "A5"),
    "classes": (
        ["non-CIC", "partial", "one-in-one", "two-in-one", "in turn", "complicated", "unclear"],
        "A11, A37",
    ),
    "negative_class": ("non-CIC", "A11"),
    "class_groups": (
        {
            "CIC": ["partial", "one-in-one", "two-in-one", "in turn", "complicated"],
            "completed CIC": ["one-in-one", "two-in-one", "in turn", "complicated"],
        },
        "A12",
    ),
    "statistics.exclude_classes": (["unclear"], "A11"),
    "quality.max_saturated_fraction": (0.02, "A4"),
    "quality.min_detail": (None, "A4"),
    "quality.compare_channels": (False, "A4"),
    "evaluation.by": (["condition"], "A6, A7"),
    "tiles.rows": (4, "A13"),
    "tiles.columns": (4, "A13"),
    "candidates.source": ("detector", "A10"),
    "detection.classes": ("all", "A14"),
    "detection.model.backend": ("detectron2", "A14"),
    "detection.model.architecture": ("faster_rcnn", "A14"),
    "detection.model.backbone": ("resnet50", "A14"),
    "detection.model.weights": ("data/aim_cics/weights/model_final_280758.pkl", "A15"),
    "detection.model.backbone_weights": (None, "A15"),
    "detection.model.normalisation": ("matched", "A16"),
    "detection.training.steps": (50000, "A16"),
    "detection.training.batch_size": (24, "A16"),
    "detection.training.optimizer": ("sgd", "A16"),
    "detection.training.learning_rate": (0.02, "A16"),
    "detection.training.weight_decay": (1e-4, "A16"),
    "detection.training.schedule": ("steps", "A16"),
    "detection.training.warmup": (1000, "A16"),
    "detection.training.milestones": ([10000, 15000], "A16"),
    "detection.training.max_gradient_norm": (None, "A16"),
    "detection.training.scales": ([0.71, 1.19], "A16, A20"),
    "detection.training.quarter_turns": (True, "A17"),
    "detection.training.flips": ("both", "A17"),
    "detection.inference.scale": (1.5, "A18"),
    "detection.inference.min_score": (0.1, "A18"),
    "detection.inference.nms_iou": (0.5, "A16"),
    "detection.inference.max_detections": (4000, "A18"),
    "detection.inference.min_objectness": (0.0, "A14"),
    "detection.inference.proposals_before_nms": (4000, "A18"),
    "detection.inference.proposals_after_nms": (1000, "A14"),
    "classification.input": ("composite", "A29"),
    "classification.crops.source": ("detections", "A10"),
    "classification.crops.margin": (0.16, "A25"),
    "classification.crops.border": (0.12, "A27"),
    "classification.crops.size": (224, "A28"),
    "classification.crops.shape": ("padded", "A26"),
    "classification.model.backbone": ("resnet101", "A30"),
    "classification.model.dropout": (0.25, "A30"),
    "classification.model.normalisation": ("crops", "A29"),
    "classification.training.validation": ("cells", "A8"),
    "classification.training.epochs": (250, "A31"),
    "classification.training.steps": (None, "A31"),
    "classification.training.batch_size": (32, "A31"),
    "classification.training.optimizer": ("sgd", "A31"),
    "classification.training.learning_rate": (0.001, "A31"),
    "classification.training.flips": (True, "A31"),
    "classification.training.quarter_turns": (False, "A31"),
    "classification.training.rotation.probability": (0, "A31"),
    "classification.training.blur.probability": (0, "A31"),
    "classification.training.brightness.probability": (0, "A31"),
    "classification.training.label_smoothing": (0, "A31"),
    "classification.training.unknown": ("keep", "A11"),
    "classification.inference.four_flips": (True, "A34"),
    "calls.rule": ("best_positive", "A37"),
    "calls.threshold": (0.2, "A36, A49"),
    "calls.min_score": (0.1, "A21"),
    "calls.target": (None, "A36"),
    "figures.palette": ("published", "A45"),
    "statistics.control": ("control", "A49"),
    "statistics.design": ("independent", "A51"),
    "statistics.of_training_groups": ("warn", "A51"),
    "statistics.tests": (
        [{"test": "student", "unit": "field", "correction": "none"}],
        "A51",
    ),
}


def test_aim_cics_is_the_paper():
    check(resolved("aim_cics"), AIM_CICS)


def test_aim_cics_compares_the_published_detectors_and_classifiers():
    config = resolved("aim_cics")
    models = [configuration.detector(config, name)["model"] for name in config["detectors"]]
    named = [(model["backend"], model["architecture"]) for model in models]
    assert named == [  # A20: the same at two scales; A22, RetinaNet in place of YOLOv3
        ("detectron2", "faster_rcnn"),
        ("detectron2", "faster_rcnn"),
        ("torchvision", "fcos"),
        ("torchvision", "retinanet"),
    ]
    backbones = [
        configuration.experiment(config, name)["model"]["backbone"]
        for name in config["experiments"]
    ]
    assert backbones == ["resnet101", "densenet201", "mnasnet1_0", "mobilenet_v2"]  # A32


CCA = {
    "protocol": ("published", "all"),
    "published_study": ("cca", "all"),
    "channels": ([BF, "hoechst", "green", "red"], "C1, C2"),
    "image_files.planes": ({"red": 1, "green": 2, "hoechst": 3}, "C2"),
    "composite.rescale": ("image", "C18"),
    "composite.bits": ("top_byte", "C46"),
    "annotations.format": ("voc", "C11"),
    "classes": (["R", "G", "U"], "C4, C28"),
    "tiles.rows": (1, "C16"),
    "tiles.columns": (1, "C16"),
    "detection.input": ("hoechst_published", "C14"),
    "detection.classes": (["R"], "C16"),
    "detection.model.backend": ("torchvision", "C20"),
    "detection.model.architecture": ("faster_rcnn", "C16"),
    "detection.model.backbone": ("resnet50", "C16"),
    "detection.model.weights": (None, "C16"),
    "detection.model.backbone_weights": ("data/cca/weights/resnet50.pth", "C16"),
    "detection.model.stem": ("random_frozen", "C19"),
    "detection.model.normalisation": ("none", "C18"),
    "detection.training.steps": (32 * 967 // 4, "C16"),
    "detection.training.batch_size": (4, "C16"),
    "detection.training.optimizer": ("sgd", "C16"),
    "detection.training.learning_rate": (0.001, "C16"),
    "detection.training.weight_decay": (1e-4, "C17"),
    "detection.training.schedule": ("steps", "C16"),
    "detection.training.warmup": (1000, "C17"),
    "detection.training.milestones": ([16 * 967 // 4, 24 * 967 // 4], "C16"),
    "detection.training.max_gradient_norm": (None, "C17"),
    "detection.training.scales": ([1.0, 1.0], "C16"),
    "detection.training.quarter_turns": (False, "C16"),
    "detection.training.flips": ("horizontal", "C17"),
    "detection.inference.scale": (1.0, "C16"),
    "detection.inference.min_score": (0.05, "C20"),
    "detection.inference.nms_iou": (0.5, "C20"),
    "detection.inference.max_detections": (1000, "C20"),
    "detection.inference.on_full": ("keep_best", "C20"),
    "detection.inference.min_objectness": (0.0, "C20"),
    "detection.inference.proposals_before_nms": (1000, "C20"),
    "detection.inference.proposals_after_nms": (1000, "C20"),
    "classification.crops.source": ("annotations", "C26"),
    "classification.crops.margin": (0.0, "C30"),
    "classification.crops.border": (0.0, "C30"),
    "classification.crops.size": (128, "C26"),
    "classification.crops.shape": ("stretched", "C29"),
    "classification.model.backbone": ("convnext_base", "C26"),
    "classification.model.weights": ("data/cca/weights/convnext_base.pth", "C26"),
    "classification.model.stem": ("random", "C32"),
    "classification.model.normalisation": ("none", "C45"),
    "classification.training.validation": ("fields", "C12"),
    "classification.training.steps": (18000, "C26"),
    "classification.training.batch_size": (64, "C26"),
    "classification.training.optimizer": ("adam", "C26"),
    "classification.training.betas": ([0.9, 0.999], "C26"),
    "classification.training.learning_rate": (1e-4, "C26"),
    "classification.training.schedule": ("steps", "C26"),
    "classification.training.milestones": ([10000, 14000], "C26"),
    "classification.training.warmup": (1000, "C27"),
    "classification.training.label_smoothing": (0.1, "C27"),
    "classification.training.keep": ("best", "C27"),
    "classification.training.criterion": ("accuracy", "C27"),
    "classification.training.balance": (False, "C27"),
    "classification.training.flips": (True, "C29"),
    "classification.training.quarter_turns": (False, "C29"),
    "classification.training.rotation": ({"probability": 0.5, "degrees": 90}, "C29"),
    "classification.training.blur": ({"probability": 0.1, "kernel": [3, 7]}, "C29"),
    "classification.training.brightness": (
        {"probability": 0.5, "limit": 0.2, "kind": "clipped"},
        "C29, C47",
    ),
    "classification.training.validate_only": (False, "C42"),
    "classification.training.unknown": ("keep", "C28"),
    "classification.inference.four_flips": (False, "C28"),
    "seeds": ([0, 1, 2], "C49"),
    "designs.unknown.counted_as": ("G", "C39"),
    "designs.patients.column": ("condition", "C41"),
    "designs.learning_curve.shares": ([0.05, 0.1, 0.2, 0.5, 1], "C43"),
    "calls.rule": ("argmax", "C55"),
    "calls.threshold": (0.0, "C55"),
    "calls.target": ("R", "C28"),
    "calls.classifier_weight": (0.7, "C33"),
    "calls.keep_below": (0.1, "C34"),
    "calls.nms_before": (0.5, "C35"),
    "calls.nms_after": (0.5, "C35"),
    "evaluation.report_on": ("val", "C44, C60"),
    "evaluation.by": (["condition"], "C41"),
    "export.experiment": ("fluorescence", "C7"),
}
DYES = ["hoechst", "green", "red"]
SEEN = {  # C13, C14, C31
    "brightfield": [BF, BF, BF],
    "hoechst": [BF, BF, "hoechst"],
    "fluorescence": [BF, BF, BF, *DYES],
}


def test_cca_is_the_paper():
    check(resolved("cca"), CCA)


def test_cca_trains_on_train_watches_val_and_can_call_every_class():
    config = resolved("cca")
    for name in config["experiments"]:
        assert configuration.experiment(config, name)["training"]["validation"] == "fields"
    assert config["calls"]["rule"] == "argmax"
    assert config["negative_class"] == "U"


def test_detectors_of_cca_see_whole_ranges_and_classifiers_the_bytes_of_the_files():
    config = resolved("cca")
    planes = inputs.planes(config)
    for name in config["detectors"]:
        seen = configuration.detector(config, name)["input"]
        assert inputs.sources(config, seen) == SEEN[name.removeprefix("fcos_")]
        rules = {planes[plane]["rescale"] for plane in inputs.channels(config, seen)}
        assert rules == {"file" if "fluorescence" in name else "image"}  # C18
        bits = {planes[plane]["bits"] for plane in inputs.channels(config, seen)}
        assert bits == {"top_byte"}  # C46
    for name in config["experiments"]:
        seen = configuration.experiment(config, name)["input"]
        assert inputs.sources(config, seen) == SEEN[name]
        rules = {planes[plane]["rescale"] for plane in inputs.channels(config, seen)}
        assert rules == {"none"}  # C45


def test_cca_has_the_settings_of_fcos():
    config = resolved("cca")
    for name in SEEN:
        fcos = configuration.detector(config, f"fcos_{name}")
        assert fcos["model"]["architecture"] == "fcos"
        limits = {"nms_iou": 0.6, "min_score": 0.05, "max_detections": 100}  # C21
        limits |= {"on_full": "keep_best", "proposals_before_nms": 1000}
        assert {key: fcos["inference"][key] for key in limits} == limits
        normalised = "none" if name == "fluorescence" else "matched"  # C21
        assert fcos["model"]["normalisation"] == normalised


def test_cca_trains_the_published_backbones_with_their_schedules():
    config = resolved("cca")
    backbones = config["designs"]["backbones"]["backbones"]
    assert {config["classification"]["model"]["backbone"], *backbones} == {  # C52
        *("swin_b", "swin_s", "convnext_large", "convnext_base", "convnext_small"),
        *("efficientnet_b7", "efficientnet_b4", "efficientnet_b1"),
        *("densenet201", "densenet169", "densenet121", "resnet152", "resnet101", "resnet50"),
    }
    for name, own in backbones.items():
        training = own.get("training", {})
        if name.startswith("swin"):  # C48: twice as long
            assert training == {"steps": 36000, "milestones": [20000, 28000]}
        else:  # C48
            assert training == ({"learning_rate": 0.001} if name == "efficientnet_b4" else {})


JIMT1 = {
    "protocol": ("published", "all"),
    "published_study": ("jimt1", "all"),
    "channels": ([BF, "propidium_iodide"], "L5"),
    "composite.red": (BF, "L5"),
    "composite.green": (BF, "L5"),
    "composite.blue": (BF, "L5"),
    "candidates.source": ("grid", "L8"),
    "candidates.grid.size": (224, "L8"),
    "patch_filter.enabled": (True, "L9"),
    "patch_filter.weights": ("data/jimt1/weights/resnet18.pth", "L9"),
    "labels.source": ("fluorescence", "L11"),
    "labels.channel": ("propidium_iodide", "L11"),
    "labels.low_class": ("live", "L11"),
    "labels.high_class": ("dead", "L11"),
    "labels.background": ("none", "L12"),
    "labels.scale": ("counts", "L6, L11"),
    "labels.fit_on": ({"condition": ["no treatment"]}, "L11"),
    "labels.rule": ("band", "L12"),
    "classes": (["live", "dead"], "L12"),
    "splits.by": ("field", "L14"),
    "splits.fractions": ({"train": 0.8, "val": 0.1, "test": 0.1}, "L14"),
    "classification.crops.size": (224, "L8"),
    "classification.model.backbone": ("inception_v3", "L15"),
    "classification.model.weights": ("data/jimt1/weights/inception_v3.pth", "L15"),
    "classification.training.validation": ("fields", "L14"),
    "classification.training.epochs": (30, "L16"),
    "classification.training.steps": (None, "L16"),
    "classification.training.batch_size": (4, "L16"),
    "classification.training.optimizer": ("adam", "L16"),
    "classification.training.betas": ([0.5, 0.999], "L16"),
    "classification.training.learning_rate": (1e-5, "L16"),
    "classification.training.weight_decay": (1e-5, "L16"),
    "classification.training.label_smoothing": (0, "L15"),
    "classification.training.balance": (True, "L17"),
    "classification.training.flips": (True, "L18"),
    "classification.training.quarter_turns": (True, "L18"),
    "classification.training.rotation.probability": (0, "L18"),
    "classification.training.blur.probability": (0, "L18"),
    "classification.training.brightness.probability": (0, "L18"),
    "classification.inference.four_flips": (False, "L21"),
    "calls.rule": ("argmax", "L21"),
    "calls.threshold": (0.5, "L21"),
    "grad_cam.every_class": (True, "L27"),
    "statistics.control": ("no treatment", "L2"),
    "statistics.design": ("independent", "L2"),
    "statistics.of_training_groups": ("warn", "L2"),
}
OF_EVERY_EXPERIMENT = [path for path in JIMT1 if path.startswith("classification.training.")]


def test_jimt1_is_the_paper():
    check(resolved("jimt1"), JIMT1)


def test_jimt1_trains_each_architecture_on_each_data_set():
    config = resolved("jimt1")
    own = [configuration.experiment(config, name) for name in config["experiments"]]
    alone = [each for each in own if each["training"]["only"]]
    trained = {
        (each["model"]["backbone"], each["training"]["only"]["condition"][0]) for each in alone
    }
    assert trained == {  # L15
        (backbone, treatment)
        for backbone in ("resnet18", "squeezenet1_1", "inception_v3")
        for treatment in ("no treatment", "doxorubicin + paclitaxel")
    }
    for each in own:  # L15, L16: all from ImageNet's weights, with the same settings
        assert each["model"]["weights"]
        check(
            {"classification": each},
            {path: JIMT1[path] for path in OF_EVERY_EXPERIMENT},
        )


@pytest.mark.parametrize("name", ["aim_cics", "cca", "jimt1"])
def test_the_corrected_protocol_leaves_no_published_choice_open(name):
    config = copy.deepcopy(yaml.safe_load((ROOT / f"config/{name}.yaml").read_text()))
    schema = configuration.load_schema(ROOT / "workflow/schemas/config.schema.yaml")
    config["protocol"] = "corrected"
    done = configuration.complete(config, schema, name)
    assert done["calls"]["rule"] == "argmax"
    assert done["classification"]["training"]["validation"] == "fields"
    assert done["detection"]["inference"]["min_objectness"] == 0.05
    assert done["composite"]["bits"] == "all"
    del config["published_study"]
    config["protocol"] = "published"
    with pytest.raises(StudyError, match="published_study"):
        configuration.complete(config, schema, name)


SHEET = pd.DataFrame({"condition": ["p06", "p07", "p08"]})
"""The patients of CCA (C1); the other studies have no design that asks for conditions."""
CLAIMS = storage.read(ROOT / "resources/claims.tsv", statistics_tables.CLAIMS)
CLAIMS = CLAIMS.drop_duplicates(["study", "table", "where"]).query("where != ''")


@pytest.mark.parametrize("claim", CLAIMS.to_dict("records"), ids=lambda claim: claim["claim_id"])
def test_what_a_claim_names_is_in_the_configuration_of_its_study(claim):
    config, _ = expansion.expand(resolved(claim["study"]), SHEET, claim["study"])
    first = configuration.detector(config, next(iter(config["detectors"])))["model"]
    known = {
        "experiment": {*config["experiments"]},
        "base": {*config["experiments"]},
        # metrics/detection.tsv calls the only detector that it is about by its parts
        "detector": {*config["detectors"], f"{first['architecture']} {first['backbone']}"},
        "class": {"all", "good", "empty", *config["classes"], *config["class_groups"]},
        "weight": {
            f"{weight:g}" for weight in config["evaluation"]["weights"] if weight != "learnt"
        },
    }
    named = dict(part.split("=", 1) for part in claim["where"].split(";"))
    for column in known.keys() & named.keys():
        assert {*named[column].split("|")} <= known[column]
    if claim["table"] == "metrics/image_level.tsv":  # a classifier judges what sees the same
        seen = [configuration.detector(config, named["detector"])]
        seen.append(configuration.experiment(config, named["experiment"]))
        detected, judged = (inputs.sources(config, each["input"]) for each in seen)
        assert detected == judged


@pytest.mark.parametrize(("letter", "last"), [("A", 54), ("C", 61), ("L", 33)])
def test_the_documents_say_of_every_step_of_a_paper_how_it_is_done(letter, last):
    cells = re.findall(r"^\| ([ACL\d, to-]+) \|", (ROOT / "docs/protocols.md").read_text(), re.M)
    firsts = ", ".join(cells).replace(" to ", " - ")
    named = re.findall(rf"{letter}(\d+)(?: - {letter}(\d+))?", firsts)
    listed = {n for low, high in named for n in range(int(low), int(high or low) + 1)}
    assert listed == set(range(1, last + 1))
