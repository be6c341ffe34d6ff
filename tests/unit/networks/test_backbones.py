import os
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision

from cellpheno.core.errors import StudyError
from cellpheno.images.crops import Geometry
from cellpheno.networks.backbones import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    ModelSettings,
    Trained,
    build,
    input_statistics,
    load,
    save,
    to_tensor,
)
from cellpheno.study.inputs import COLOURS

CPU = torch.device("cpu")
NAMES = ["resnet18", "densenet121", "mnasnet0_5", "mobilenet_v2", "convnext_tiny"]
NAMES += ["efficientnet_b0", "swin_t", "inception_v3"]
TABLE_3 = {
    "swin_b": 86.7,
    "swin_s": 48.8,
    "convnext_large": 196.2,
    "convnext_base": 87.6,
    "convnext_small": 49.5,
    "efficientnet_b7": 63.8,
    "efficientnet_b4": 17.6,
    "efficientnet_b1": 6.5,
    "densenet201": 18.1,
    "densenet169": 12.5,
    "densenet121": 7.0,
    "resnet152": 58.2,
    "resnet101": 42.5,
    "resnet50": 23.5,
}
"""Millions of parameters that CCA prints for its classifiers of three classes (C52)."""


def images(n=2, size=64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (n, 3, size, size), dtype=torch.uint8, generator=generator)


def original_file(name, folder):
    torch.manual_seed(1)
    options = {"init_weights": False} if name == "inception_v3" else {}
    original = torchvision.models.get_model(name, weights=None, **options).eval()
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
    batch = images(size=75 if name == "inception_v3" else 64)
    mean = torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1)
    std = torch.tensor(IMAGENET_STD).view(1, 3, 1, 1)
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
    with pytest.raises(StudyError, match=r"missing \(conv1\.weight.*unexpected \(features\.0"):
        build(ModelSettings("resnet18", weights=path), n_classes=2)
    state = original.state_dict()
    state["classifier.1.weight"] = torch.zeros(10, 1280)
    torch.save(state, path)
    with pytest.raises(StudyError, match=r"classifier\.1\.weight \(10, 1280\) instead of \(1000"):
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


def test_squeezenet_computes_what_torchvisions_model_computes_before_its_last_relu(tmp_path):
    original, path = original_file("squeezenet1_1", tmp_path)
    model = build(ModelSettings("squeezenet1_1", weights=path), n_classes=1000, std=[1 / 255] * 3)
    model.eval().mean.zero_()
    last = original.classifier[1]
    model.head.weight.data, model.head.bias.data = last.weight.data[..., 0, 0], last.bias.data
    with torch.inference_mode():
        expected = last(original.features(images().float())).mean((2, 3))
        assert torch.allclose(model(images()), expected, atol=1e-4, rtol=1e-4)
    assert model.n_features == 512


@pytest.mark.parametrize(
    ("name", "n_channels"),
    [
        *[(name, 3) for name in (*TABLE_3, "squeezenet1_0", "squeezenet1_1")],
        *[(name, 6) for name in ("swin_s", "convnext_small", "efficientnet_b1", "densenet121")],
        *[(name, 4) for name in ("squeezenet1_1", "inception_v3")],
    ],
)
def test_every_backbone_takes_crops_of_any_channels_and_gives_maps_features_and_logits(
    name, n_channels
):
    size = 75 if name == "inception_v3" else 64
    with torch.device("meta"):  # shapes without the work
        model = build(ModelSettings(name), 3, [0.5] * n_channels, [0.5] * n_channels).eval()
        batch = torch.empty(2, n_channels, size, size)
        assert model.features(batch).shape[:2] == (2, model.n_features)
        assert model.pooled(batch).shape == (2, model.n_features)
        assert model(batch).shape == (2, 3)
    if name in TABLE_3 and n_channels == 3:
        millions = sum(each.numel() for each in model.parameters()) / 1e6
        assert millions == pytest.approx(TABLE_3[name], abs=0.06)


@pytest.mark.parametrize("name", ["efficientnet_b0", "swin_t", "inception_v3", "squeezenet1_1"])
def test_a_loaded_backbone_that_is_folded_for_inference_computes_the_same(name, tmp_path):
    torch.manual_seed(0)
    model = build(ModelSettings(name), 2).eval()
    save(tmp_path / "model.pt", Trained(model, ["a", "b"], Geometry(0, 0, 75), [*COLOURS]))
    again = load(tmp_path / "model.pt", CPU).model
    with torch.inference_mode():
        batch = images(size=75)
        assert torch.allclose(again(batch), model(batch), atol=1e-4, rtol=1e-3)


def test_the_second_head_of_inception_learns_and_has_no_part_in_inference():
    torch.manual_seed(0)
    model = build(ModelSettings("inception_v3", auxiliary_loss=0.4), 2)
    logits, second = model.training_logits(images(size=299))
    assert logits.shape == second.shape == (2, 2)
    second.sum().backward()
    assert model.backbone.Conv2d_1a_3x3.conv.weight.grad.abs().max() > 0
    assert model.head.weight.grad is None
    assert not model.backbone.Mixed_6e._forward_hooks
    assert build(ModelSettings("inception_v3"), 2).auxiliary is None
    plain = build(ModelSettings("resnet18"), 2).eval()
    assert plain.training_logits(images())[1] is None


@pytest.mark.parametrize(
    ("backbone", "weights", "normalisation", "expected"),
    [
        ("resnet18", None, "matched", "crops"),
        ("resnet18", "w.pth", "matched", (IMAGENET_MEAN, IMAGENET_STD)),
        ("inception_v3", "w.pth", "matched", ((0.5,) * 3, (0.5,) * 3)),
        ("resnet18", "w.pth", "crops", "crops"),
        ("resnet18", None, "imagenet", (IMAGENET_MEAN, IMAGENET_STD)),
        ("resnet18", "w.pth", "none", ((0,) * 3, (1 / 255,) * 3)),
    ],
)
def test_the_input_is_normalised_as_the_settings_say(backbone, weights, normalisation, expected):
    of_crops = [0.1, 0.2, 0.3], [0.4, 0.5, 0.6]
    settings = ModelSettings(backbone, weights, normalisation=normalisation)
    found = input_statistics(settings, 3, lambda: of_crops)
    wanted = of_crops if expected == "crops" else tuple(map(list, expected))
    assert found == tuple(wanted)


def test_without_normalisation_the_network_sees_0_to_255_as_they_are():
    mean, std = input_statistics(ModelSettings("resnet18", normalisation="none"), 4, tuple)
    model = build(ModelSettings("resnet18"), 2, mean, std)
    model.backbone = torch.nn.Identity()
    crops = torch.tensor([0, 1, 128, 255], dtype=torch.uint8).view(1, 4, 1, 1)
    assert model.features(crops).flatten().tolist() == pytest.approx([0, 1, 128, 255])
