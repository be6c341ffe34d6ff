import os
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision

from cellpheno.classification.backbones import (
    IMAGENET_MEAN,
    ModelSettings,
    Trained,
    build,
    load,
    save,
    to_tensor,
)
from cellpheno.classification.crops import Geometry
from cellpheno.errors import StudyError
from cellpheno.inputs import COLOURS

CPU = torch.device("cpu")
NAMES = ["resnet18", "densenet121", "mnasnet0_5", "mobilenet_v2", "convnext_tiny"]


def images(n=2, size=64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (n, 3, size, size), dtype=torch.uint8, generator=generator)


def original_file(name, folder):
    torch.manual_seed(1)
    original = torchvision.models.get_model(name, weights=None).eval()
    # a LayerScale of 1e-6, as ConvNeXt starts with, would hide a wrong block
    for key, value in original.named_parameters():
        if key.endswith("layer_scale"):
            torch.nn.init.ones_(value)
    torch.save(original.state_dict(), folder / f"{name}.pth")
    return original, str(folder / f"{name}.pth")


@pytest.mark.parametrize("name", NAMES)
def test_a_backbone_with_given_weights_computes_what_torchvisions_model_computes(name, tmp_path):
    original, path = original_file(name, tmp_path)
    model = build(ModelSettings(name, weights=path), n_classes=1000).eval()
    linear = [m for m in original.modules() if isinstance(m, torch.nn.Linear)][-1]
    model.head = linear
    batch = images()
    mean = torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1)
    std = torch.tensor((0.229, 0.224, 0.225)).view(1, 3, 1, 1)
    with torch.inference_mode():
        expected = original((batch.float() / 255 - mean) / std)
        assert torch.allclose(model(batch), expected, atol=1e-4, rtol=1e-4)
        assert model.pooled(batch).shape == (2, model.n_features)
        assert model.features(batch).shape[:2] == (2, model.n_features)


def test_the_head_gives_one_logit_for_each_class():
    model = build(ModelSettings("resnet18", dropout=0.25), n_classes=7).eval()
    assert model(images()).shape == (2, 7)


def test_an_unknown_backbone_is_named_with_the_known_ones():
    with pytest.raises(StudyError, match=r"'resnet19'.*resnet18"):
        build(ModelSettings("resnet19"), n_classes=2)


def test_weights_that_do_not_fit_are_refused_and_the_first_keys_named(tmp_path):
    original, path = original_file("mobilenet_v2", tmp_path)
    with pytest.raises(StudyError, match=r"missing: conv1\.weight.*unexpected: features\.0"):
        build(ModelSettings("resnet18", weights=path), n_classes=2)
    state = original.state_dict()
    state["classifier.1.weight"] = torch.zeros(10, 1280)
    torch.save(state, path)
    with pytest.raises(StudyError, match=r"classifier\.1\.weight \[10, 1280\] instead of \[1000"):
        build(ModelSettings("mobilenet_v2", weights=path), n_classes=2)


def test_a_file_that_is_no_state_dict_is_refused(tmp_path):
    path = tmp_path / "weights.pth"
    with pytest.raises(StudyError, match="no file"):
        build(ModelSettings("resnet18", weights=str(path)), n_classes=2)
    path.write_text("hello")
    with pytest.raises(StudyError, match="cannot be read"):
        build(ModelSettings("resnet18", weights=str(path)), n_classes=2)
    torch.save({"state_dict": {}}, path)
    with pytest.raises(StudyError, match="not a state dict"):
        build(ModelSettings("resnet18", weights=str(path)), n_classes=2)


def test_densenet_files_with_the_layer_names_of_2017_are_read(tmp_path):
    original, path = original_file("densenet121", tmp_path)
    state = {
        key.replace("norm1", "norm.1").replace("conv2", "conv.2"): value
        for key, value in original.state_dict().items()
        if not key.endswith("num_batches_tracked")
    }
    assert any("norm.1" in key for key in state)
    torch.save(state, path)
    model = build(ModelSettings("densenet121", weights=path), n_classes=2)
    loaded = model.backbone.features.denseblock1.denselayer1.norm1.weight
    assert torch.equal(loaded, original.features.denseblock1.denselayer1.norm1.weight)


def test_a_frozen_batch_norm_keeps_its_statistics_in_training(tmp_path):
    _, path = original_file("resnet18", tmp_path)
    for frozen in (True, False):
        model = build(ModelSettings("resnet18", path, frozen_batch_norm=frozen), n_classes=2)
        before = model.backbone.bn1.running_mean.clone()
        model.train()
        model(images())
        assert torch.equal(model.backbone.bn1.running_mean, before) == frozen


def test_a_frozen_batch_norm_without_weights_is_refused():
    with pytest.raises(StudyError, match="frozen_batch_norm"):
        build(ModelSettings("resnet18", frozen_batch_norm=True), n_classes=2)


def test_a_saved_classifier_is_read_back_whole(tmp_path):
    settings = ModelSettings("mnasnet0_5", dropout=0.25)
    model = build(settings, 2, mean=[0.1, 0.2, 0.3], std=[0.4, 0.5, 0.6]).eval()
    save(
        tmp_path / "model.pt",
        Trained(model, ["non-CIC", "in turn"], Geometry(0.16, 0.12, 64), [*COLOURS]),
    )
    trained = load(tmp_path / "model.pt", CPU)
    assert trained.classes == ["non-CIC", "in turn"]
    assert trained.geometry == Geometry(0.16, 0.12, 64)
    assert not any(p.requires_grad for p in trained.model.parameters())
    with torch.inference_mode():
        assert torch.allclose(trained.model(images()), model(images()), atol=1e-5)


def test_equal_classifiers_make_equal_files(tmp_path):
    trained = Trained(
        build(ModelSettings("mnasnet0_5"), 2), ["a", "b"], Geometry(0, 0, 64), [*COLOURS]
    )
    save(tmp_path / "one.pt", trained)
    save(tmp_path / "another.pt", trained)
    assert (tmp_path / "one.pt").read_bytes() == (tmp_path / "another.pt").read_bytes()


@pytest.mark.real_data
def test_published_imagenet_weights_recognise_a_parrot():
    folder = os.environ.get("CELLPHENO_REAL_DATA")
    if not folder:
        pytest.skip("CELLPHENO_REAL_DATA is not set")
    import cv2

    weights = Path(folder) / "weights"
    path = next(weights.glob("mobilenet_v2*.pth"))
    model = build(ModelSettings("mobilenet_v2", weights=str(path)), n_classes=1000).eval()
    state = torch.load(path, weights_only=True)
    model.head.load_state_dict(
        {"weight": state["classifier.1.weight"], "bias": state["classifier.1.bias"]}
    )
    picture = cv2.imread(str(next(weights.glob("*/parrot.jpg"))))[..., ::-1]
    crop = cv2.resize(np.ascontiguousarray(picture), (224, 224), interpolation=cv2.INTER_AREA)
    with torch.inference_mode():
        probabilities = model(to_tensor(crop[None], CPU)).softmax(1)[0]
    names = (weights / "imagenet_labels.txt").read_text().splitlines()
    assert "macaw" in names[int(probabilities.argmax()) + 1]
    assert probabilities.max() > 0.98


@pytest.mark.parametrize("n_channels", [1, 2, 4, 6])
def test_a_classifier_takes_any_number_of_channels(n_channels, tmp_path):
    channels = [f"c{number}" for number in range(n_channels)]
    values = [0.1 + number / 10 for number in range(n_channels)]
    model = build(ModelSettings("resnet18"), 3, values, values).eval()
    crops = np.random.default_rng(0).integers(0, 256, (2, 32, 32, n_channels), dtype=np.uint8)
    batch = to_tensor(crops, CPU)
    assert model(batch).shape == (2, 3)
    save(tmp_path / "model.pt", Trained(model, list("abc"), Geometry(0, 0, 32), channels))
    trained = load(tmp_path / "model.pt", CPU)
    assert trained.channels == channels
    with torch.inference_mode():
        assert torch.allclose(trained.model(batch), model(batch), atol=1e-5)


def test_weights_are_adapted_to_the_input_or_their_stem_is_new(tmp_path):
    original, path = original_file("resnet18", tmp_path)
    values = [0.5] * 4
    model = build(ModelSettings("resnet18", path), 2, values, values)
    assert torch.allclose(
        model.backbone.conv1.weight.sum(1), original.conv1.weight.sum(1), atol=1e-6
    )
    new = build(ModelSettings("resnet18", path, stem="random"), 2, values, values).backbone
    assert not torch.allclose(new.conv1.weight.sum(1), original.conv1.weight.sum(1), atol=1e-2)
    assert torch.equal(new.layer1[0].conv1.weight, original.layer1[0].conv1.weight)
