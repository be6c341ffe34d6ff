"""Detectors: built by name, trained on tiles, used on whole fields."""

import copy
import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch
import torchvision
from detector_study import (
    CPU,
    SETTINGS,
    check_proposals,
    tile_set,
    train,
    trained_with_and_without_a_kill,
)
from torch import nn

from cellpheno.core import notices
from cellpheno.core.errors import StudyError
from cellpheno.detection import augmentation, inference, pixels, training
from cellpheno.detection.augmentation import Augmentation
from cellpheno.detection.backends import registry
from cellpheno.detection.backends.interface import Limits
from cellpheno.networks.training import Checkpoint
from cellpheno.tables import storage
from cellpheno.tables.cells import DETECTIONS
from cellpheno.tables.columns import BOX_COLUMNS
from cellpheno.tables.metrics import HISTORY

SMALL = {
    "backend": "torchvision",
    "architecture": "faster_rcnn",
    "backbone": "resnet18_small",
    "weights": None,
}
INFERENCE = inference.Settings(scale=1.0, min_score=0.1, nms_iou=0.5, max_detections=4000)


@pytest.fixture(scope="module")
def small():
    torch.manual_seed(0)
    return registry.build(SMALL)


class Found:
    """A detector that finds given boxes, in pixels of the image it is shown."""

    network = nn.Identity()

    def __init__(self, boxes, scores):
        self.boxes, self.scores, self.seen = boxes, scores, []

    def detect(self, image, limits):
        self.seen.append(tuple(image.shape))
        kept = slice(limits.max_detections)
        boxes = torch.tensor(self.boxes, dtype=torch.float32).reshape(-1, 4)
        return boxes[kept], torch.tensor(self.scores, dtype=torch.float32)[kept]


# Building, saving, loading


@pytest.mark.parametrize("key", ["backend", "architecture", "backbone"])
def test_an_unknown_name_is_told_with_the_known_ones(key):
    with pytest.raises(StudyError, match=f"detection/model/{key} is 'yolo'.*choose one of: "):
        registry.build({**SMALL, key: "yolo"})


def test_a_saved_detector_is_loaded_with_the_same_weights(small, tmp_path):
    registry.save(small, SMALL, tmp_path / "model.pt")
    loaded = registry.load(tmp_path / "model.pt", CPU)
    weights, again = small.network.state_dict(), loaded.network.state_dict()
    assert all(torch.equal(weights[key], again[key]) for key in weights)


def test_given_weights_are_used(small, tmp_path):
    torch.save(small.network.state_dict(), tmp_path / "weights.pt")
    torch.manual_seed(1)
    built = registry.build({**SMALL, "weights": tmp_path / "weights.pt"})
    key = "backbone.body.conv1.weight"
    assert torch.equal(built.network.state_dict()[key], small.network.state_dict()[key])


def test_weights_that_do_not_fit_are_told_by_name_and_shape(small, tmp_path):
    state = dict(small.network.state_dict())
    del state["backbone.body.conv1.weight"]
    state["surplus"] = torch.zeros(1)
    key = "roi_heads.box_head.fc6.bias"
    state[key] = torch.zeros(91)
    torch.save(state, tmp_path / "weights.pt")
    with pytest.raises(StudyError) as error:
        registry.build({**SMALL, "weights": tmp_path / "weights.pt"})
    message = str(error.value)
    assert "1 missing (backbone.body.conv1.weight)" in message
    assert "1 unexpected (surplus)" in message
    assert f"{key} (91,) instead of (256,)" in message


def test_weights_that_are_no_weights_are_told(tmp_path):
    (tmp_path / "weights.pt").write_text("hello")
    with pytest.raises(StudyError, match="cannot be read as weights"):
        registry.build({**SMALL, "weights": tmp_path / "weights.pt"})
    with pytest.raises(StudyError, match="There is no file of weights"):
        registry.build({**SMALL, "weights": tmp_path / "none.pt"})
    torch.save({"epoch": 3}, tmp_path / "weights.pt")
    with pytest.raises(StudyError, match="not a state dict"):
        registry.build({**SMALL, "weights": tmp_path / "weights.pt"})


def test_resnet50_has_the_published_anchors():
    with torch.device("meta"):
        network = registry.build({**SMALL, "backbone": "resnet50"}).network
    assert network.rpn.anchor_generator.sizes == ((32,), (64,), (128,), (256,), (512,))
    assert network.rpn.anchor_generator.aspect_ratios == ((0.5, 1.0, 2.0),) * 5


# Resolution and limits


@pytest.mark.parametrize("backbone", ["resnet18_small", "resnet50"])
def test_a_large_image_keeps_its_size(backbone):
    transform = registry.build({**SMALL, "backbone": backbone}).network.transform.eval()
    image = torch.rand(3, 1500, 1700)
    shown, _ = transform([image])
    assert shown.image_sizes == [(1500, 1700)]
    mean, std = (
        torch.tensor(v)[:, None, None] for v in (transform.image_mean, transform.image_std)
    )
    torch.testing.assert_close(shown.tensors[0, :, :1500, :1700], (image - mean) / std)


def test_hopeless_proposals_are_dropped_in_detection_and_never_in_training():
    torch.manual_seed(0)
    detector = registry.build(SMALL)
    nn.init.constant_(detector.network.rpn.head.cls_logits.bias, -10.0)  # nothing looks like a cell
    image, boxes = torch.rand(3, 64, 64), torch.tensor([[4.0, 4, 24, 24]])

    def losses():
        torch.manual_seed(0)
        return {key: part.item() for key, part in detector.losses([image], [boxes]).items()}

    before = losses()
    assert len(detector.detect(image, Limits(0.0, 0.5, 100))[0]) == 0
    assert losses() == before


def test_features_are_given_out_in_single_precision(small):
    with torch.autocast("cpu", torch.bfloat16):
        maps = small.network.backbone(torch.rand(1, 3, 64, 64))
    assert {level.dtype for level in maps.values()} == {torch.float32}


# Augmentation


def test_every_augmentation_keeps_each_box_on_its_cell():
    tiles = tile_set(3, 1)
    images = [pixels.to_tensor(image, CPU) for image in tiles.images]
    boxes = [torch.from_numpy(each) for each in tiles.boxes]
    wanted = Augmentation(scales=(0.8, 1.2), quarter_turns=True)
    for number in range(40):
        chance = np.random.default_rng(number)
        changed, moved = augmentation.augment(images, boxes, wanted, chance)
        for image, corners, before in zip(changed, moved, boxes, strict=True):
            assert len(corners) == len(before)
            outside = torch.ones(image.shape[-2:], dtype=torch.bool)
            for x_min, y_min, x_max, y_max in corners.round().int().tolist():
                assert image[:, y_min + 2 : y_max - 2, x_min + 2 : x_max - 2].min() > 0.8
                outside[max(0, y_min - 2) : y_max + 2, max(0, x_min - 2) : x_max + 2] = False
            assert image[:, outside].max() < 0.5


def test_a_tile_is_seen_in_all_eight_orientations():
    image = torch.arange(12.0).reshape(1, 3, 4)
    seen = set()
    for number in range(100):
        chance = np.random.default_rng(number)
        (changed,), _ = augmentation.augment(
            [image], [torch.zeros(0, 4)], Augmentation(quarter_turns=True), chance
        )
        seen.add((tuple(changed.shape), tuple(changed.flatten().tolist())))
    assert len(seen) == 8


def test_with_horizontal_flips_a_tile_is_never_upside_down():
    image, none, seen = torch.arange(12.0).reshape(1, 3, 4), torch.zeros(0, 4), set()
    for number in range(20):
        how = Augmentation(flips="horizontal"), np.random.default_rng(number)
        (changed,), _ = augmentation.augment([image], [none], *how)
        seen.add(tuple(changed[0, 0].tolist()))
    assert seen == {(0, 1, 2, 3), (3, 2, 1, 0)}


def test_without_quarter_turns_a_tile_keeps_its_shape():
    image, none = torch.rand(3, 8, 12), torch.zeros(0, 4)
    for number in range(20):
        chance = np.random.default_rng(number)
        (changed,), _ = augmentation.augment([image], [none], Augmentation(), chance)
        assert changed.shape == image.shape


def test_boxes_are_flipped_turned_and_scaled_with_the_image():
    image, boxes = torch.rand(3, 10, 20), torch.tensor([[1.0, 2, 5, 4]])
    assert augmentation.flip(image, boxes)[1].tolist() == [[15, 2, 19, 4]]
    assert augmentation.transpose(image, boxes)[1].tolist() == [[2, 1, 4, 5]]
    large, scaled = pixels.rescale(image, boxes, 1.5)
    assert tuple(large.shape) == (3, 15, 30)
    assert scaled.tolist() == [[1.5, 3, 7.5, 6]]


def test_boxes_follow_an_image_whose_scaled_sides_are_rounded():
    image, boxes = torch.rand(3, 10, 3), torch.tensor([[0.0, 0, 3, 10]])
    large, scaled = pixels.rescale(image, boxes, 1.2)  # 3.6 px wide becomes 4
    assert tuple(large.shape) == (3, 12, 4)
    torch.testing.assert_close(scaled, torch.tensor([[0.0, 0, 4, 12]]))


# Training


def test_every_tile_is_drawn_once_before_any_is_drawn_again():
    drawn = [row for step in range(5) for row in training.draw(10, 4, seed=0, step=step)]
    assert sorted(drawn[:10]) == sorted(drawn[10:]) == list(range(10))
    assert drawn[:10] != drawn[10:]


def test_the_loss_falls_and_tiles_without_cells_are_welcome(tmp_path):
    settings = dataclasses.replace(SETTINGS, steps=30, scales=(1, 1))
    checkpoint = Checkpoint(tmp_path, "k")
    detector, history = train(tile_set(4, 0, 3), tile_set(4), SMALL, settings, checkpoint)
    storage.write(history, tmp_path / "history.tsv", HISTORY)
    losses = history[(history["split"] == "train") & (history["metric"] == "loss")]
    assert losses["step"].tolist() == [10, 20, 30]
    assert losses["value"].iloc[-1] < 0.6 * losses["value"].iloc[0]
    assert {"loss_objectness", "loss_box_reg"} <= set(history["metric"])
    assert history.loc[history["split"] == "val", "metric"].tolist() == ["recall", "precision"]
    storage.read(tmp_path / "history.tsv", HISTORY)
    found = inference.detect_field(detector, "f", tile_set(4).images[0], INFERENCE, CPU)
    assert len(found) > 0


class FindsWhatIsFortyWide:
    """A detector that detects bright squares only if they are 40 px wide."""

    def detect(self, image, limits):
        rows, columns = (image.mean(0) > 0.8).nonzero().unbind(1)
        box = torch.stack([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]).float()
        right = abs(box[2] - box[0] - 40) <= 2
        return (box[None], torch.ones(1)) if right else (torch.zeros(0, 4), torch.zeros(0))


@pytest.mark.parametrize(("scale", "recall"), [(1.0, 0.0), (2.0, 1.0)])
def test_validation_shows_tiles_at_the_scale_of_inference(scale, recall):
    rows = training._validate(1, FindsWhatIsFortyWide(), tile_set(1, 1), scale, CPU)
    assert rows[0] == [1, "val", "all", "recall", recall]


def test_a_batch_of_empty_tiles_can_be_learned_from(small):
    losses = small.losses([torch.rand(3, 64, 64)] * 2, [torch.zeros(0, 4)] * 2)
    assert torch.isfinite(torch.stack(list(losses.values()))).all()


def test_a_killed_training_goes_on_and_gives_the_same_bits(tmp_path):
    trained_with_and_without_a_kill(SMALL, tmp_path)


def test_the_history_can_be_read_while_a_training_runs(tmp_path):
    train(tile_set(2), tile_set(), SMALL, SETTINGS, Checkpoint(tmp_path, "k"), save_every=0)
    storage.read(tmp_path / "history.tsv", HISTORY)


def test_training_without_any_annotated_cell_is_an_error(tmp_path):
    with pytest.raises(StudyError, match="no annotated cell"):
        train(tile_set(0), tile_set(), SMALL, SETTINGS, Checkpoint(tmp_path, "k"))


def test_a_loss_that_is_no_number_is_an_error(tmp_path):
    wild = dataclasses.replace(SETTINGS, learning_rate=1e30, warmup=0)
    with pytest.raises(StudyError, match="no longer a number"):
        train(tile_set(2), tile_set(), SMALL, wild, Checkpoint(tmp_path, "k"))


# Whole fields


def test_detections_are_sorted_and_clipped_to_the_field(tmp_path):
    detector = Found(
        [(1, 1, 5, 5), (-4, -4, 6, 6), (38, 20, 50, 40), (60, 0, 70, 9)], [0.3, 0.9, 0.5, 0.4]
    )
    image = np.zeros((30, 40, 3), dtype=np.uint8)
    found = inference.detect_field(detector, "f", image, INFERENCE, CPU)
    storage.write(found, tmp_path / "d.parquet", DETECTIONS)
    assert found["score"].tolist() == pytest.approx([0.9, 0.5, 0.3])
    assert found[BOX_COLUMNS].to_numpy().tolist() == [
        [0, 0, 6, 6],
        [38, 20, 40, 30],
        [1, 1, 5, 5],
    ]


def test_the_field_is_enlarged_by_the_scale_and_the_boxes_shrunk_again():
    detector = Found([(15, 30, 30, 45)], [0.9])
    enlarged = inference.Settings(1.5, 0.1, 0.5, 10)
    image = np.zeros((100, 200, 3), dtype=np.uint8)
    found = inference.detect_field(detector, "f", image, enlarged, CPU)
    assert detector.seen == [(3, 150, 300)]
    np.testing.assert_allclose(found[BOX_COLUMNS].to_numpy(), [[10, 20, 20, 30]])


def test_as_many_cells_as_allowed_is_an_error_and_never_a_silent_cut():
    detector = Found([(0, 0, 5, 5)] * 4, [0.5] * 4)
    image = np.zeros((10, 10, 3), dtype=np.uint8)
    few = inference.Settings(1.0, 0.1, 0.5, max_detections=3)
    with pytest.raises(StudyError, match="field crowded.*max_detections"):
        inference.detect_field(detector, "crowded", image, few, CPU)


def test_where_the_best_cells_are_kept_full_fields_are_counted_in_a_warning():
    image = np.zeros((10, 10, 3), dtype=np.uint8)
    best = inference.Settings(1.0, 0.1, 0.5, max_detections=3, on_full="keep_best")
    detector = Found([(0, 0, 5, 5)] * 4, [0.5] * 4)
    found = inference.detect_fields(detector, [("a", image), ("b", image)], best, CPU)
    assert found["field"].tolist() == ["a"] * 3 + ["b"] * 3
    assert "allows (3) in 2 of 2 fields" in notices.given()[-1]


def test_as_many_and_as_unsure_proposals_are_followed_up_as_asked_for(small):
    check_proposals(small, argument=1)


def test_gradients_are_shortened_where_asked_for(small):
    moved = {}
    for longest in (None, 1e-6):
        network = copy.deepcopy(small)
        optimizer = torch.optim.SGD(network.network.parameters(), lr=1.0)
        before = [each.detach().clone() for each in network.network.parameters()]
        batch = [torch.rand(3, 64, 64)], [torch.tensor([[4.0, 4.0, 30.0, 30.0]])]
        training._step(network, optimizer, batch, longest)
        after = network.network.parameters()
        steps = [(new - old).norm() for old, new in zip(before, after, strict=True)]
        moved[longest] = torch.stack(steps).norm().item()
    assert moved[1e-6] == pytest.approx(1e-6, rel=0.05)
    assert moved[None] > 0.01


def test_fields_keep_their_order_and_no_cells_at_all_is_a_valid_table(tmp_path):
    image = np.zeros((10, 10, 3), dtype=np.uint8)
    fields = [("b", image), ("a", image)]
    found = inference.detect_fields(Found([(0, 0, 5, 5)], [0.5]), fields, INFERENCE, CPU)
    assert found["field"].tolist() == ["b", "a"]
    for given in (fields, []):
        nothing = inference.detect_fields(Found([], []), given, INFERENCE, CPU)
        storage.write(nothing, tmp_path / "d.parquet", DETECTIONS)
        assert len(storage.read(tmp_path / "d.parquet", DETECTIONS)) == 0


def test_only_fields_that_passed_the_quality_control_are_looked_at():
    quality = pd.DataFrame({"field": ["a", "b", "c"], "verdict": ["ok", "overexposed", "ok"]})
    assert inference.usable(quality, ["c", "b", "a"]) == ["c", "a"]
    with pytest.raises(StudyError, match="no verdict on the field d"):
        inference.usable(quality, ["d"])


# Inputs of other channels than three


CHANNELS = ("bf", "bf", "bf", "hoechst", "green", "red")


@pytest.mark.parametrize("n_channels", [1, 2, 4, 6])
def test_a_detector_of_any_channels_learns_and_finds(n_channels, tmp_path):
    torch.manual_seed(0)
    detector = registry.build(SMALL, CHANNELS[-n_channels:])
    losses = detector.losses([torch.rand(n_channels, 64, 64)] * 2, [torch.zeros(0, 4)] * 2)
    assert torch.isfinite(torch.stack(list(losses.values()))).all()
    registry.save(detector, SMALL, tmp_path / "model.pt")
    loaded = registry.load(tmp_path / "model.pt", CPU)
    assert loaded.channels == list(CHANNELS[-n_channels:])
    image = np.zeros((40, 50, n_channels), np.uint8)
    inference.detect_field(loaded, "f", image, INFERENCE, CPU)


def test_weights_of_red_green_and_blue_are_adapted_to_further_channels(small, tmp_path):
    torch.save(small.network.state_dict(), tmp_path / "weights.pt")
    settings = {**SMALL, "weights": tmp_path / "weights.pt"}
    key = "backbone.body.conv1.weight"
    weight = small.network.state_dict()[key]
    built = registry.build({**settings, "stem": "adapted"}, CHANNELS).network
    assert torch.allclose(built.state_dict()[key].sum(1), weight.sum(1), atol=1e-6)
    assert torch.equal(built.state_dict()[key][:, :3], weight / 2)
    assert built.transform.image_mean == pytest.approx([0.2] * 6)


def test_a_random_and_frozen_stem_is_not_trained_and_the_rest_is(small, tmp_path):
    torch.save(small.network.state_dict(), tmp_path / "weights.pt")
    settings = {**SMALL, "weights": tmp_path / "weights.pt", "stem": "random_frozen"}
    body = registry.build(settings, CHANNELS).network.backbone.body
    assert [key for key, each in body.named_parameters() if not each.requires_grad] == [
        "conv1.weight"
    ]
    assert torch.equal(body.bn1.weight, small.network.backbone.body.bn1.weight)
    of_three = registry.build(settings).network.backbone.body  # as published: it fits, and is kept
    assert torch.equal(of_three.conv1.weight, small.network.backbone.body.conv1.weight)
    assert of_three.conv1.weight.requires_grad


def test_a_trained_detector_is_not_used_with_another_input(tmp_path):
    settings = {**SMALL, "weights": tmp_path / "model.pt"}
    registry.save(registry.build(SMALL, CHANNELS), SMALL, tmp_path / "model.pt")
    again = registry.build(settings, CHANNELS)  # to be trained further
    assert again.channels == list(CHANNELS)
    with pytest.raises(StudyError, match=r"saw bf, bf, bf, hoechst, green, red.*bf, hoechst; "):
        registry.build(settings, ("bf", "hoechst"))


def test_without_normalisation_a_detector_sees_0_to_255_as_they_are(tmp_path):
    settings = {**SMALL, "normalisation": "none"}
    built = registry.build(settings, CHANNELS)
    registry.save(built, settings, tmp_path / "model.pt")
    shown = torch.tensor([0, 0.5, 1]).view(1, 1, 3).expand(6, 32, 3)
    for detector in (built, registry.load(tmp_path / "model.pt", CPU)):
        transform = detector.network.transform.eval()
        seen = transform([shown])[0].tensors[0, :, 0, :3]
        assert torch.allclose(seen, torch.tensor([0, 127.5, 255]).expand(6, 3))


def test_the_backbone_alone_can_start_from_the_weights_of_a_classifier(tmp_path):
    settings = {**SMALL, "backbone": "resnet50", "backbone_weights": tmp_path / "resnet50.pth"}
    torch.manual_seed(3)
    classifier = torchvision.models.resnet50()
    torch.save(classifier.state_dict(), settings["backbone_weights"])
    built = registry.build({**settings, "stem": "adapted"}, CHANNELS).network.backbone.body
    assert torch.equal(built.layer4[2].conv3.weight, classifier.layer4[2].conv3.weight)
    assert torch.equal(built.conv1.weight[:, :3], classifier.conv1.weight / 2)
    with pytest.raises(StudyError, match=r"do not fit the detector's backbone: .* unexpected"):
        registry.build({**SMALL, "backbone_weights": settings["backbone_weights"]})
