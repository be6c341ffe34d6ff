"""Maps of every class, and maps of a network that is destroyed from its end on."""

import numpy as np
import pytest
import torch

from cellpheno.classification import gradcam, map_sanity
from cellpheno.classification.feature_maps import find_layer
from cellpheno.networks.backbones import ModelSettings, build
from cellpheno.tables import storage
from cellpheno.tables.metrics import MAP_SANITY

CPU = torch.device("cpu")


def network(backbone="resnet18"):
    torch.manual_seed(0)
    model = build(ModelSettings(backbone), 2).eval()
    return model.requires_grad_(False)


@pytest.fixture(scope="module")
def model():
    return network()


@pytest.fixture(scope="module")
def crops():
    return np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), dtype=np.uint8)


def test_every_class_has_the_map_that_it_has_alone(model, crops):
    layer = find_layer(model, "layer3", 64)
    maps = map_sanity.explain_every_class(model, crops, layer, CPU)
    assert maps.shape == (4, 2, 64, 64)
    for k in (0, 1):
        alone = gradcam.explain(model, crops, np.full(4, k), layer, CPU)
        assert np.array_equal(maps[:, k], alone)


def test_a_network_is_destroyed_from_its_head_to_its_first_layer(model):
    names = [name for name, _ in map_sanity.stages(model)]
    assert names == ["head", "layer4", "layer3", "layer2", "layer1", "bn1", "conv1"]


def test_parts_inside_a_single_module_are_found():
    names = [name for name, _ in map_sanity.stages(network("mobilenet_v2"))]
    assert names[:2] == ["head", "features.18"]
    assert names[-1] == "features.0"
    names = [name for name, _ in map_sanity.stages(network("swin_t"))]
    assert names[:3] == ["head", "norm", "features.7"]


def test_weights_are_shuffled_and_the_model_itself_stays(model):
    before = {name: value.clone() for name, value in model.state_dict().items()}
    for step, (name, broken) in enumerate(map_sanity.destroyed(model, seed=0)):
        changed = {
            key.removeprefix("backbone.").split(".")[0]
            for key, value in broken.state_dict().items()
            if not torch.equal(value, before[key])
        }
        assert len(changed) <= step + 1
        if step == 1:
            assert name == "layer4"
            assert changed == {"head", "layer4"}
            key = "backbone.layer4.0.conv1.weight"
            kept = broken.state_dict()[key].flatten().sort().values
            assert torch.equal(kept, before[key].flatten().sort().values)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_maps_are_as_alike_as_the_order_of_their_places():
    first = np.arange(256, dtype=np.float32).reshape(1, 16, 16)
    assert map_sanity.alike(first, first**2) == pytest.approx([1])
    assert map_sanity.alike(first, -first) == pytest.approx([-1])
    assert map_sanity.alike(first, np.zeros_like(first)).tolist() == [0]


def test_every_crop_is_compared_with_another_one():
    others = map_sanity._others(7, seed=3)
    assert sorted(others) == list(range(7))
    assert (others != np.arange(7)).all()


def test_the_table_begins_with_what_maps_have_in_common_anyway(model, crops, tmp_path):
    targets = np.array([0, 1, 0, 1])
    table = map_sanity.check(model, crops, targets, find_layer(model, "last", 64), 0, CPU)
    storage.write(table, tmp_path / "sanity.tsv", MAP_SANITY)
    assert table["destroyed"].iloc[0] == "maps of other crops"
    assert table["step"].tolist() == list(range(8))
    assert (table["n"] == 4).all()
    # a shuffled head turns what speaks for a class into something else
    assert table["rank_correlation"].iloc[1] < 0.9


def test_a_map_that_ignores_the_network_is_found_out(model, crops, monkeypatch):
    edges = crops.astype(np.float32).mean(axis=3)
    monkeypatch.setattr(map_sanity, "explain", lambda *_: edges)
    table = map_sanity.check(model, crops, np.zeros(4, int), find_layer(model, "last", 64), 0, CPU)
    assert table["rank_correlation"].iloc[1:].to_numpy() == pytest.approx(1)
    assert table["rank_correlation"].iloc[0] < 0.5
