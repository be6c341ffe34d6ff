import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from cellpheno.classification.feature_maps import Grid, Layer, find_layer
from cellpheno.classification.gradcam import choose, explain, grad_cam, heat
from cellpheno.core.errors import StudyError
from cellpheno.networks.backbones import Classifier, ModelSettings, build, channel_axis
from cellpheno.tables.columns import BOX_COLUMNS

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


def reference(activation, gradient):
    """The formula of the Grad-CAM paper before its ReLU, for one image in plain loops."""
    evidence = np.zeros(activation.shape[1:])
    for channel, slope in zip(activation, gradient, strict=True):
        evidence += slope.mean() * channel
    return evidence


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
        expected.append(reference(one[0].numpy(), slope[0].numpy()))
    plain = nn.Sequential(model.backbone, nn.AdaptiveAvgPool2d(1), nn.Flatten(), model.head)
    maps = grad_cam(plain, batch, targets, model.backbone.get_submodule(name))
    assert np.allclose(maps.numpy(), np.stack(expected), atol=1e-6)


def test_of_the_last_feature_map_the_weights_are_the_row_of_the_linear_layer():
    model, targets = classifier(), torch.tensor([0, 2, 1])
    maps = grad_cam(model, images(), targets, model.backbone)
    kept = model.features(images())
    for row, target in enumerate(targets):
        weights = model.head.weight[target] / kept[row, 0].numel()  # behind a mean over places
        gradient = weights[:, None, None].expand_as(kept[row])
        expected = reference(kept[row].numpy(), gradient.numpy())
        assert np.allclose(maps[row].numpy(), expected, atol=1e-7)


def test_the_map_peaks_where_the_class_is():
    model = classifier()
    for parameter in model.parameters():
        parameter.zero_()
    model.backbone.first.weight[0, 0, 1, 1] = 1.0  # the red channel, as it is
    model.backbone.second.weight[0, 0, 1, 1] = 1.0
    model.head.weight[1, 0] = 1.0
    batch = torch.zeros(1, 3, 16, 16, dtype=torch.uint8)
    batch[0, 0, :8, 8:] = 200  # upper right
    crop = batch.permute(0, 2, 3, 1).numpy()
    for name in ("first", "last"):
        layer = find_layer(model, name, 16)
        [shown] = explain(model, crop, np.array([1]), layer, CPU)
        assert shown.max() == 1
        step = int(layer.grid.step)  # a position on pixel 8 sees what begins there
        assert shown[: 9 - step, 8:].min() == 1
        assert shown[8:].max() == 0
        assert shown[:, : 9 - step].max() == 0
    assert explain(model, crop, np.array([0]), layer, CPU).max() == 0


def test_evidence_is_drawn_at_the_centres_of_its_positions_and_linear_between_them():
    evidence = torch.tensor([[[-1.0, 0.0], [2.0, 4.0]]])
    [shown] = heat(evidence, Layer("", 1, Grid(2, first=2, step=4), size=10))
    line = np.array([0.5, 0.5, 0.5, 0.625, 0.75, 0.875, 1, 1, 1, 1])
    assert np.allclose(shown[6], line)
    assert np.allclose(shown[9], line)
    assert np.allclose(shown[4], line / 2)
    assert shown[:3].max() == 0


def test_no_gradient_is_left_on_the_parameters_and_the_hook_is_taken_off():
    model = classifier().requires_grad_(True)
    grad_cam(model, images(), torch.tensor([0, 1, 2]), model.backbone.second)
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not model.backbone.second._forward_hooks
    assert torch.is_grad_enabled()


def test_maps_do_not_depend_on_how_crops_are_batched(monkeypatch):
    model, targets = classifier(), np.array([0, 1, 2, 0, 1])
    layer = find_layer(model, "second", 16)
    whole = explain(model, crops(5), targets, layer, CPU)
    monkeypatch.setattr("cellpheno.classification.gradcam.BATCH", 2)
    parts = explain(model, crops(5), targets, layer, CPU)
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


@pytest.fixture
def many():
    """Of each class 40 right and 20 wrong calls, each with a score of its own."""
    call = ["non-CIC"] * 40 + ["partial"] * 20 + ["partial"] * 40 + ["non-CIC"] * 20
    label = ["non-CIC"] * 60 + ["partial"] * 60
    frame = pd.DataFrame({"label": label, "call": call, "cls_score": np.arange(120) / 120})
    corners = {name: np.arange(120.0) for name in BOX_COLUMNS}
    return frame.assign(split="test", field="f", **corners)


def test_sure_calls_a_fair_sample_and_errors_of_each_class_are_explained(many):
    chosen = choose(many, ["test"], ["non-CIC", "partial"], 3, seed=0)
    kinds = ["surest"] * 3 + ["by chance"] * 3 + ["wrong"] * 3
    assert chosen["kind"].tolist() == kinds * 2
    assert chosen["label"].tolist() == ["non-CIC"] * 9 + ["partial"] * 9
    assert (chosen["correct"] == (chosen["label"] == chosen["call"])).all()
    assert chosen.loc[chosen["kind"] == "surest", "correct"].all()
    assert not chosen.loc[chosen["kind"] == "wrong", "correct"].any()
    assert not chosen.duplicated(BOX_COLUMNS).any()


def test_the_surest_calls_are_the_surest_of_those_not_drawn(many):
    chosen = choose(many, ["test"], ["partial"], 3, seed=0)
    drawn = set(chosen.loc[chosen["kind"] == "by chance", "cls_score"])
    right = many[(many["label"] == "partial") & (many["call"] == "partial")]
    scores = sorted(set(right["cls_score"]) - drawn, reverse=True)[:3]
    assert chosen.loc[chosen["kind"] == "surest", "cls_score"].tolist() == scores


def test_cells_by_chance_are_wrong_as_often_as_all_are(many):
    drawn = [choose(many, ["test"], ["partial"], 10, seed) for seed in range(60)]
    fair = pd.concat(drawn).query("kind == 'by chance'")
    assert fair["correct"].mean() == pytest.approx(2 / 3, abs=0.08)


def test_the_choice_depends_on_the_seed_and_not_on_the_order_of_the_cells(many):
    chosen = choose(many, ["test"], ["non-CIC", "partial"], 3, seed=1)
    backwards = choose(many[::-1], ["test"], ["non-CIC", "partial"], 3, seed=1)
    pd.testing.assert_frame_equal(chosen, backwards)
    assert not chosen.equals(choose(many, ["test"], ["non-CIC", "partial"], 3, seed=2))


def test_classes_with_few_cells_show_those_they_have(cells):
    chosen = choose(cells, ["test"], ["non-CIC", "partial"], 2, seed=0)
    assert sorted(chosen["cls_score"]) == [0.5, 0.7, 0.9, 0.99]


def test_splits_without_annotated_cells_are_refused(cells):
    with pytest.raises(StudyError, match="grad_cam/splits is predict"):
        choose(cells, ["predict"], ["partial"], 4, seed=0)


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
    for wanted in ("last", LAYERS[name]):
        layer = find_layer(model, wanted, 75)
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
        maps = grad_cam(model, batch, targets, model.backbone.get_submodule(layer), axis)
    assert maps.shape == (2, 8, 8)


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
