import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from torch.nn import functional

from cellpheno.classification.backbones import Classifier, ModelSettings, build, channel_axis
from cellpheno.classification.gradcam import choose, explain, find_layer, grad_cam
from cellpheno.errors import StudyError
from cellpheno.tables import BOX_COLUMNS

CPU = torch.device("cpu")


def classifier(seed=0, **layers):
    torch.manual_seed(seed)
    modules = {
        "first": nn.Conv2d(3, 4, 3, 2, 1),
        "relu": nn.ReLU(inplace=True),
        "second": nn.Conv2d(4, 5, 3, 2, 1),
        "last": nn.Tanh(),
        **layers,
    }
    backbone = nn.Sequential()
    for name, module in modules.items():
        backbone.add_module(name, module)
    model = Classifier(backbone, nn.Identity(), 5, 3, [0] * 3, [1] * 3, ModelSettings("toy"))
    return model.eval().requires_grad_(False)


def crops(n=3, size=16, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, size, size, 3), dtype=np.uint8)


def images(n=3, size=16):
    return torch.from_numpy(crops(n, size)).permute(0, 3, 1, 2)


def reference(activation, gradient, size):
    """The formula of the Grad-CAM paper, for one image in plain loops."""
    heat = np.zeros(activation.shape[1:])
    for channel, slope in zip(activation, gradient, strict=True):
        heat += slope.mean() * channel
    heat = torch.from_numpy(np.maximum(heat, 0))[None, None]
    heat = functional.interpolate(heat, (size, size), mode="bilinear", align_corners=False)[0, 0]
    return (heat / heat.max() if heat.max() > 0 else heat).numpy()


@pytest.mark.parametrize("name", ["first", "second"])
def test_a_map_follows_the_papers_formula_with_gradients_by_finite_differences(name):
    model = classifier().double()
    model.mean, model.std = model.mean.double(), model.std.double()
    layers = list(model.backbone.named_children())
    place = [layer for layer, _ in layers].index(name) + 1
    before = nn.Sequential(*[m for _, m in layers[:place]])
    after = nn.Sequential(*[m for _, m in layers[place:]])
    batch, targets = images().double() / 255, torch.tensor([0, 2, 1])
    kept = before(batch)

    def logit(activation, row):
        return model.head(after(activation.clone()).mean((2, 3)))[0, targets[row]]

    step = 1e-6
    expected = []
    for row in range(len(batch)):
        one = kept[row : row + 1]
        slope = torch.zeros_like(one)
        for place in np.ndindex(*one.shape):
            moved = one.clone()
            moved[place] += step
            slope[place] = (logit(moved, row) - logit(one, row)) / step
        expected.append(reference(one[0].numpy(), slope[0].numpy(), 16))
    plain = nn.Sequential(model.backbone, nn.AdaptiveAvgPool2d(1), nn.Flatten(), model.head)
    maps = grad_cam(plain, batch, targets, find_layer(model, name))
    assert np.allclose(maps.numpy(), np.stack(expected), atol=1e-3)


def test_of_the_last_feature_map_the_weights_are_the_row_of_the_linear_layer():
    model, targets = classifier(), torch.tensor([0, 2, 1])
    maps = grad_cam(model, images(), targets, find_layer(model, None))
    kept = model.features(images())
    for row, target in enumerate(targets):
        gradient = model.head.weight[target][:, None, None].expand_as(kept[row])
        expected = reference(kept[row].numpy(), gradient.numpy(), 16)
        assert np.allclose(maps[row].numpy(), expected, atol=1e-5)


def test_the_map_peaks_where_the_class_is():
    model = classifier()
    for parameter in model.parameters():
        parameter.zero_()
    model.backbone.first.weight[0, 0, 1, 1] = 1.0  # the red channel, as it is
    model.backbone.second.weight[0, 0, 1, 1] = 1.0
    model.head.weight[1, 0] = 1.0
    batch = torch.zeros(1, 3, 16, 16, dtype=torch.uint8)
    batch[0, 0, :8, 8:] = 200  # upper right
    for layer in ("first", None):
        heat = grad_cam(model, batch, torch.tensor([1]), find_layer(model, layer))[0]
        assert heat.max() == 1
        assert heat[:6, 10:].min() > 0.9
        assert heat[10:].max() == 0
        assert heat[:, :6].max() == 0
    nothing = grad_cam(model, batch, torch.tensor([0]), find_layer(model, None))
    assert nothing.max() == 0


def test_no_gradient_is_left_on_the_parameters_and_the_hook_is_taken_off():
    model = classifier().requires_grad_(True)
    grad_cam(model, images(), torch.tensor([0, 1, 2]), find_layer(model, "second"))
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not model.backbone.second._forward_hooks
    assert torch.is_grad_enabled()


def test_an_unknown_layer_is_named_with_the_known_ones():
    with pytest.raises(StudyError, match=r"'layer9'.*first, relu, second, last"):
        find_layer(classifier(), "layer9")


def test_maps_do_not_depend_on_how_crops_are_batched(monkeypatch):
    model, targets = classifier(), np.array([0, 1, 2, 0, 1])
    whole = explain(model, crops(5), targets, "second", CPU)
    monkeypatch.setattr("cellpheno.classification.gradcam.BATCH", 2)
    parts = explain(model, crops(5), targets, "second", CPU)
    assert whole.shape == (5, 16, 16)
    assert whole.dtype == np.float32
    assert np.allclose(whole, parts, atol=1e-6)


@pytest.fixture
def cells():
    rows = [
        ("test", "partial", "partial", 0.7),
        ("test", "partial", "non-CIC", 0.99),
        ("test", "partial", "partial", 0.9),
        ("test", "non-CIC", "partial", 0.5),
        ("val", "non-CIC", "non-CIC", 1.0),
        ("test", None, "partial", 1.0),
    ]
    frame = pd.DataFrame(rows, columns=["split", "label", "call", "cls_score"])
    return frame.assign(field="f", **dict.fromkeys(BOX_COLUMNS, 0.0))


def test_the_surest_right_calls_of_each_class_come_first_then_flagged_wrong_ones(cells):
    chosen = choose(cells, ["test"], ["non-CIC", "partial"], per_class=3)
    assert chosen[["label", "cls_score", "correct"]].to_numpy().tolist() == [
        ["non-CIC", 0.5, False],
        ["partial", 0.9, True],
        ["partial", 0.7, True],
        ["partial", 0.99, False],
    ]
    backwards = choose(cells[::-1], ["test"], ["non-CIC", "partial"], per_class=3)
    pd.testing.assert_frame_equal(chosen, backwards)


def test_splits_without_annotated_cells_are_refused(cells):
    with pytest.raises(StudyError, match="grad_cam/splits is predict"):
        choose(cells, ["predict"], ["partial"], 4)


LAYERS = {
    "resnet18": "layer3",
    "densenet121": "features.denseblock2",
    "convnext_tiny": "features.3",
    "efficientnet_b0": "features.4",
    "swin_t": "features.3",
    "squeezenet1_1": "features.7",
    "inception_v3": "Mixed_5c",
}


@pytest.mark.parametrize("name", LAYERS)
def test_every_family_of_backbones_is_explained_at_its_last_map_and_at_an_earlier_one(name):
    torch.manual_seed(0)
    model = build(ModelSettings(name), 3).eval().requires_grad_(False)
    model.head.weight.mul_(10)
    pictures = crops(1, size=75).repeat(3, axis=0)  # something speaks for one class at least
    for layer in (None, LAYERS[name]):
        maps = explain(model, pictures, np.array([0, 1, 2]), layer, CPU)
        assert maps.shape == (3, 75, 75)
        assert np.isfinite(maps).all()
        assert maps.min() >= 0
        assert set(np.round(maps.max((1, 2)), 5)) <= {0.0, 1.0}
        assert maps.max() == pytest.approx(1)


@pytest.mark.parametrize("name", ["swin_b", "convnext_large", "efficientnet_b4"])
def test_wide_backbones_are_explained_too(name):
    layer = "features.3"
    with torch.device("meta"):  # shapes without the work
        model = build(ModelSettings(name), 3).eval().requires_grad_(False)
        batch, targets = torch.empty(2, 3, 64, 64), torch.zeros(2, dtype=torch.int64)
        axis = channel_axis(name, layer)
        maps = grad_cam(model, batch, targets, find_layer(model, layer), axis)
    assert maps.shape == (2, 64, 64)


def test_a_map_of_a_layer_whose_channels_come_last_is_that_of_the_same_layer_turned():
    class Last(nn.Module):
        def forward(self, maps):
            return maps.movedim(1, 3)

    class First(nn.Module):
        def forward(self, maps):
            return maps.movedim(3, 1)

    turned = classifier(second=nn.Sequential(nn.Conv2d(4, 5, 3, 2, 1), Last()), back=First())
    turned.backbone = nn.Sequential(
        *[turned.backbone.get_submodule(n) for n in ("first", "relu", "second", "back", "last")]
    )
    targets = torch.tensor([0, 2, 1])
    plain = grad_cam(turned, images(), targets, turned.backbone[2][0])
    assert torch.allclose(grad_cam(turned, images(), targets, turned.backbone[2], 3), plain)
