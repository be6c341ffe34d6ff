"""detectron2's Faster R-CNN: the published one, its own weights, and nothing shrunk or cut off.

Skipped where detectron2 is not installed; docs/environments.md says how it is.
"""

import dataclasses

import numpy as np
import pytest
import torch

pytest.importorskip("detectron2")

from coco_model import coco_model, write_as_the_model_zoo_does
from detector_study import (
    CPU,
    DENSE,
    LEARNS_TO_FIND_ROUND_CELLS,
    SETTINGS,
    check_proposals,
    dense_field,
    recall,
    tile_set,
    tiles,
    train,
    trained_with_and_without_a_kill,
)
from detectron2.config import get_cfg

from cellpheno.core.errors import StudyError
from cellpheno.detection import inference, training
from cellpheno.detection.backends import registry
from cellpheno.detection.backends.interface import Limits
from cellpheno.detection.pixels import to_tensor
from cellpheno.networks.training import Checkpoint

SMALL = {
    "backend": "detectron2",
    "architecture": "faster_rcnn",
    "backbone": "resnet18_small",
    "weights": None,
}
CHANNELS = ("bf", "bf", "bf", "hoechst", "green", "red")


@pytest.fixture(scope="module")
def coco():
    return coco_model()


# The published detector


def test_resnet50_is_the_published_detector():
    network = registry.build({**SMALL, "backbone": "resnet50"}).network
    generator, heads = network.proposal_generator, network.roi_heads
    assert [len(cell) for cell in generator.anchor_generator.cell_anchors] == [3] * 5
    sides = [(cell[:, 2] - cell[:, 0]).max() for cell in generator.anchor_generator.cell_anchors]
    assert np.allclose(sides, np.array([32, 64, 128, 256, 512]) * 2**0.5)
    assert (generator.pre_nms_topk[True], generator.post_nms_topk[True]) == (2000, 1000)
    assert (heads.num_classes, heads.box_pooler.output_size) == (1, (7, 7))
    assert heads.box_head.fc2.out_features == 1024
    assert all(parameter.requires_grad for parameter in network.parameters())


def test_the_optimiser_leaves_normalisation_alone_as_detectron2s_own_does():
    detector = registry.build(SMALL)
    settings = dataclasses.replace(
        SETTINGS, optimizer="sgd", learning_rate=0.02, weight_decay=0.0001
    )
    optimizer = training.build_optimizer(detector.network, settings, detector.undecayed)
    decayed, spared = optimizer.param_groups
    assert (decayed["weight_decay"], spared["weight_decay"]) == (0.0001, 0.0)
    norms = {id(p) for n, p in detector.network.named_parameters() if ".norm." in n}
    assert {id(p) for p in spared["params"]} == norms
    assert optimizer.defaults["momentum"] == 0.9
    config = get_cfg()  # that is how they are set there
    assert config.SOLVER.WEIGHT_DECAY_NORM == 0
    assert (config.SOLVER.WEIGHT_DECAY, config.SOLVER.MOMENTUM) == (0.0001, 0.9)


# Weights


@pytest.mark.parametrize("ending", ["pkl", "pth"])
def test_weights_of_coco_see_what_they_saw_in_detectron2(coco, ending, tmp_path):
    path = tmp_path / f"model_final.{ending}"
    if ending == "pkl":
        write_as_the_model_zoo_does(coco, path)
    else:
        torch.save({"model": coco.state_dict(), "iteration": 90000}, path)
    torch.manual_seed(5)
    ours = registry.build({**SMALL, "backbone": "resnet50", "weights": path})
    ours.network.eval()

    image = torch.randint(0, 256, (3, 64, 96)).float()
    with torch.inference_mode():
        theirs = coco.backbone(coco.preprocess_image([{"image": image.flip(0)}]).tensor)
        maps = ours._maps(ours._batch([image / 255]))
    for name, level in theirs.items():
        assert (maps[name] - level).abs().max() < 1e-4 * level.abs().max()
    kept = ours.network.roi_heads.box_head.fc1.weight
    assert torch.equal(kept, coco.roi_heads.box_head.fc1.weight)
    # what depends on the classes starts at random
    assert ours.network.roi_heads.box_predictor.cls_score.weight.shape == (2, 1024)


def test_weights_that_do_not_fit_are_told(coco, tmp_path):
    state = dict(coco.state_dict())
    del state["backbone.fpn_output2.weight"]
    torch.save({"model": state}, tmp_path / "weights.pth")
    settings = {**SMALL, "backbone": "resnet50", "weights": tmp_path / "weights.pth"}
    with pytest.raises(StudyError, match=r"1 missing \(backbone.fpn_output2.weight\)"):
        registry.build(settings)


# Inputs


@pytest.mark.parametrize("n_channels", [1, 2, 4, 6])
def test_it_learns_from_any_channels_and_is_found_again(n_channels, tmp_path):
    torch.manual_seed(0)
    detector = registry.build(SMALL, CHANNELS[-n_channels:])
    stem = detector.network.backbone.bottom_up.stem.conv1
    assert stem.weight.shape[1] == n_channels
    assert stem.norm is not None  # what hangs on the convolution is still there
    images = [torch.rand(n_channels, 64, 64), torch.rand(n_channels, 40, 64)]
    losses = detector.losses(images, [torch.tensor([[4.0, 4, 30, 30]]), torch.zeros(0, 4)])
    assert torch.isfinite(torch.stack(list(losses.values()))).all()
    sum(losses.values()).backward()
    assert stem.weight.grad.abs().sum() > 0

    registry.save(detector, SMALL, tmp_path / "model.pt")
    loaded = registry.load(tmp_path / "model.pt", CPU)
    assert loaded.channels == list(CHANNELS[-n_channels:])
    limits = Limits(0.0, 0.5, 100)
    before, after = (each.detect(images[0], limits)[0] for each in (detector, loaded))
    torch.testing.assert_close(before, after, rtol=0, atol=0)


def test_weights_of_colours_are_adapted_to_further_channels(coco, tmp_path):
    torch.save({"model": coco.state_dict()}, tmp_path / "weights.pth")
    settings = {**SMALL, "backbone": "resnet50", "weights": tmp_path / "weights.pth"}
    stem = registry.build({**settings, "stem": "adapted"}, CHANNELS).body.stem.conv1
    blue_first = coco.backbone.bottom_up.stem.conv1.weight
    assert torch.allclose(stem.weight[:, :3], blue_first.flip(1) / 2)


def test_without_normalisation_it_sees_0_to_255_as_they_are():
    detector = registry.build({**SMALL, "normalisation": "none"}, CHANNELS)
    shown = torch.tensor([0, 0.5, 1]).view(1, 1, 3).expand(6, 32, 3)
    seen = detector._batch([shown]).tensor[0, :, 0, :3]
    assert torch.allclose(seen, torch.tensor([0, 127.5, 255]).expand(6, 3))


# Resolution and limits


@pytest.mark.parametrize("backbone", ["resnet18_small", "resnet50"])
def test_a_large_image_keeps_its_size(backbone):
    detector = registry.build({**SMALL, "backbone": backbone})
    batch = detector._batch([torch.rand(3, 1500, 1700)])
    assert batch.image_sizes == [(1500, 1700)]


def test_the_only_cap_is_the_one_that_is_asked_for():
    torch.manual_seed(0)
    detector = registry.build(SMALL)
    image = torch.rand(3, 192, 256)
    boxes, scores = detector.detect(image, Limits(0.0, 0.99, max_detections=3000))
    assert len(boxes) == len(scores) > 700  # detectron2's own limit: 100
    assert len(detector.detect(image, Limits(0.0, 0.99, max_detections=50))[0]) == 50


def test_as_many_and_as_unsure_proposals_are_followed_up_as_asked_for():
    torch.manual_seed(0)
    check_proposals(registry.build(SMALL), argument=2)


@pytest.mark.slow
def test_a_dense_field_loses_no_cell_to_a_cap_or_to_a_hidden_shrink(tmp_path):
    """600 cells in one field, as published fields have (A3), after a short training on tiles."""
    checkpoint = Checkpoint(tmp_path, "dense")
    detector, _ = train(tiles(40), tiles(0), SMALL, LEARNS_TO_FIND_ROUND_CELLS, checkpoint)
    image, annotated = dense_field()
    shown = to_tensor(image, CPU)
    found = detector.detect(shown, Limits(min_score=0.1, nms_iou=0.3, max_detections=4000))
    assert recall(*found, annotated) > 0.99

    # the same weights as detectron2's own predictor would use them: 800 x 1333 px, 100 boxes
    scale = min(800 / DENSE[0], 1333 / DENSE[1])
    smaller = torch.nn.functional.interpolate(shown[None], scale_factor=scale, mode="bilinear")[0]
    boxes, scores = detector.detect(smaller, Limits(0.1, 0.3, max_detections=100))
    assert recall(boxes / scale, scores, annotated) < 0.3


# Training


def test_a_killed_training_goes_on_and_gives_the_same_bits(tmp_path):
    history = trained_with_and_without_a_kill(SMALL, tmp_path)
    assert {"loss", "loss_rpn_cls", "loss_box_reg"} <= set(history["metric"])


def test_a_loss_that_is_no_number_is_an_error(tmp_path):
    wild = dataclasses.replace(SETTINGS, learning_rate=1e30, warmup=0)
    with pytest.raises(StudyError, match="no longer a number"):
        train(tile_set(2), tile_set(), SMALL, wild, Checkpoint(tmp_path, "k"))


def test_its_detections_are_those_of_the_table(tmp_path):
    detector = registry.build(SMALL)
    settings = inference.Settings(scale=1.5, min_score=0.0, nms_iou=0.5, max_detections=4000)
    found = inference.detect_field(detector, "f", tile_set(4).images[0], settings, CPU)
    assert list(found.columns) == ["field", "x_min", "y_min", "x_max", "y_max", "score"]
    assert found["score"].is_monotonic_decreasing
    assert found[["x_max", "y_max"]].max().max() <= 64
