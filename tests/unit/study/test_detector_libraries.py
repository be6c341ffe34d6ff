"""The detectors of each library are known, and missing ones reported, before any compute."""

import sys
from pathlib import Path

import pytest
import yaml

from cellpheno.core.errors import StudyError
from cellpheno.detection import backends
from cellpheno.detection.backends import registry, torchvision_models
from cellpheno.study import configuration, detection, detector_libraries
from cellpheno.study.inputs import COLOURS

ROOT = Path(__file__).parents[3]
SCHEMA = configuration.load_schema(ROOT / "workflow/schemas/config.schema.yaml")
OPTIONAL = [name for name in detector_libraries.BACKENDS if name != "torchvision"]


def complete(**model):
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    config["detectors"] = {"main": {}, "other": {"model": model}}
    return configuration.complete(config, SCHEMA, "config.yaml")


def test_the_schema_knows_every_library_and_every_architecture():
    model = SCHEMA["properties"]["detection"]["properties"]["model"]["properties"]
    libraries = detector_libraries.BACKENDS
    assert model["backend"]["enum"] == list(libraries)
    architectures = {name for library in libraries.values() for name in library.architectures}
    assert set(model["architecture"]["enum"]) == architectures


def test_torchvision_has_the_listed_detectors():
    listed = detector_libraries.BACKENDS["torchvision"].architectures
    assert list(listed) == list(torchvision_models.LIBRARY.architectures)


@pytest.mark.parametrize("name", OPTIONAL)
def test_a_library_has_the_listed_detectors_in_both_sizes(name):
    pytest.importorskip(name)
    backend = detector_libraries.BACKENDS[name]
    for architecture in backend.architectures:
        for backbone in ("resnet18_small", "resnet50"):
            model = {"backend": name, "architecture": architecture, "backbone": backbone}
            assert registry.build(model).channels == list(COLOURS)


def test_one_config_may_use_several_libraries():
    config = complete(backend="detectron2")
    assert configuration.detector(config, "other")["model"]["backend"] == "detectron2"
    assert detection.trained_as(config, "other") == "other"


def test_a_detector_that_its_library_does_not_have_is_reported():
    with pytest.raises(StudyError, match=r"detectors/other.*fcos.*architectures of detectron2"):
        complete(backend="detectron2", architecture="fcos")


def test_torchvisions_weights_of_a_backbone_are_refused_by_other_libraries():
    with pytest.raises(StudyError, match=r"which detectron2 cannot start from"):
        complete(backend="detectron2", backbone="resnet50", backbone_weights="resnet50.pth")


def test_a_clone_in_the_working_folder_is_no_installed_library(tmp_path, monkeypatch):
    clone = tmp_path / "detectron2"
    (clone / "detectron2").mkdir(parents=True)
    (clone / "detectron2/__init__.py").touch()
    asked = {
        "candidates": {"source": "detector"},
        "detection": {"model": {"backend": "detectron2"}},
        "detectors": {"main": {}},
    }
    monkeypatch.delitem(sys.modules, "detectron2", raising=False)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    with pytest.raises(StudyError, match="is detectron2, which is not installed here; run with"):
        detection.check_libraries(asked, "study.yaml")
    monkeypatch.setattr(sys, "path", [str(clone)])
    detection.check_libraries(asked, "study.yaml")


@pytest.mark.parametrize("name", OPTIONAL)
def test_a_missing_library_is_reported_with_the_way_to_get_it(name, monkeypatch):
    module = detector_libraries.BACKENDS[name].module  # as if nobody had asked for it yet
    monkeypatch.delitem(sys.modules, f"cellpheno.detection.backends.{module}", raising=False)
    monkeypatch.delattr(backends, module, raising=False)
    for module in [each for each in sys.modules if each.startswith(f"{name}.")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, name, None)
    settings = {
        "backend": name,
        "architecture": detector_libraries.BACKENDS[name].architectures[0],
        "backbone": "resnet50",
    }
    with pytest.raises(StudyError, match=rf"{name}, which cannot be imported.*envs/{name}.yaml"):
        registry.build(settings)
