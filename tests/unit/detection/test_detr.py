"""RT-DETR of Hugging Face transformers: built without a download, and nothing shrunk or cut off.

Skipped where transformers is not installed; docs/environments.md says how it is.
"""

import dataclasses
import itertools

import numpy as np
import pytest
import torch

pytest.importorskip("transformers")

from detector_study import CPU, SETTINGS, tile_set, train, trained_with_and_without_a_kill
from transformers import RTDetrForObjectDetection

from cellpheno.core import boxes as geometry
from cellpheno.core.errors import StudyError
from cellpheno.detection import inference
from cellpheno.detection.backends import detr, registry
from cellpheno.detection.backends.interface import Limits
from cellpheno.networks.training import Checkpoint

SMALL = {
    "backend": "transformers",
    "architecture": "rt_detr",
    "backbone": "resnet18_small",
    "weights": None,
}
CHANNELS = ("bf", "bf", "bf", "hoechst", "green", "red")


@pytest.fixture(scope="module")
def small():
    torch.manual_seed(0)
    return registry.build(SMALL)


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def two_cells():
    return [torch.rand(3, 96, 128)] * 2, [torch.tensor([[4.0, 4, 30, 30], [50, 60, 90, 90]])] * 2


# Windows


@pytest.mark.parametrize(("length", "side"), [(512, 384), (640, 384), (2160, 768), (385, 384)])
def test_windows_cover_an_axis_overlap_and_share_it_out(length, side):
    made = detr.windows(length, side)
    assert made[0].start == 0
    assert made[-1].stop == length
    assert all(window.stop - window.start == side for window in made)
    for window, after in itertools.pairwise(made):
        assert window.stop - after.start >= side * detr.OVERLAP - 1
        assert window.own_stop == after.own_start
        assert after.start < window.own_stop < window.stop
    assert made[0].own_start == -made[-1].own_stop == -float("inf")


def test_what_is_no_larger_than_a_window_is_seen_whole():
    for side in (0, 300, 400):
        [window] = detr.windows(300, side)
        assert (window.start, window.stop) == (0, 300)


class Bright:
    """A network that finds the bright squares of a window, as shares of it."""

    def __init__(self, detector):
        self.config, self.window = detector.network.config, torch.tensor(96)
        self.seen = []

    def eval(self):
        return self

    def __call__(self, pixels):
        height, width = pixels.shape[-2:]
        self.seen.append((height, width))
        lit = pixels[0, 0] > 2
        boxes = [
            (x + 5, y + 5, 10, 10)
            for y, x in torch.nonzero(lit).tolist()
            if not lit[y - 1, x] * (y > 0) and not lit[y, x - 1] * (x > 0)
        ]
        boxes = torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4)
        boxes = boxes / torch.tensor([width, height, width, height])
        logits = torch.full((1, len(boxes) + 1, 1), 5.0)
        logits[0, -1] = -5
        nothing = torch.full((1, 4), 0.5)

        class Found:
            pass

        Found.logits, Found.pred_boxes = logits, torch.cat([boxes, nothing])[None]
        return Found


def test_a_large_image_is_seen_in_its_own_resolution_and_each_cell_found_once(small):
    detector = detr.DetrDetector.__new__(detr.DetrDetector)
    detector.__dict__ |= {**vars(small), "network": Bright(small)}
    image = torch.zeros(3, 200, 150)
    places = [(x, y) for x in range(3, 140, 20) for y in range(3, 190, 20)]
    for x, y in places:
        image[:, y : y + 10, x : x + 10] = 1
    boxes, scores = detector.detect(image, Limits(0.1, 0.5, 1000))
    assert set(detector.network.seen) == {(96, 96)}
    found = sorted(tuple(round(value) for value in box) for box in boxes.tolist())
    whole = [box for box in found if box[2] - box[0] == 10 and box[3] - box[1] == 10]
    assert whole == found == sorted((x, y, x + 10, y + 10) for x, y in places)
    assert len(scores) == len(places)
    assert len(detector.detect(image, Limits(0.1, 0.5, 7))[0]) == 7


# Limits


def test_there_are_as_many_queries_as_it_takes(small):
    """Untrained, it detects a cell in every place: 96 x 128 px have 12 x 16 + 6 x 8 places."""
    with torch.no_grad():
        found = small.detect(torch.rand(3, 96, 128), Limits(0.0, 1.0, 4000))
        assert len(found[0]) == 240
        large = torch.rand(3, 256, 256)
        assert len(small._detect(large, Limits(0.0, 1.0, 4000))[0]) == 32 * 32 + 16 * 16
        assert len(small._detect(large, Limits(0.0, 1.0, 500))[0]) == 500
        # surer than that is none, and then the first 300 do
        assert len(small._detect(large, Limits(0.99, 1.0, 4000))[0]) == 0
        assert small.network.config.num_queries == detr.QUERIES


def test_boxes_are_of_pixels_and_within_the_image(small):
    image = torch.rand(3, 70, 90)  # padded to 96 x 96
    boxes, _ = small.detect(image, Limits(0.0, 1.0, 4000))
    assert boxes.min() >= 0
    assert boxes[:, 2].max() <= 90
    assert boxes[:, 3].max() <= 70


# Learning


def test_images_without_cells_can_be_learned_from(small):
    for boxes in ([torch.zeros(0, 4)] * 2, [torch.zeros(0, 4), torch.tensor([[4.0, 4, 30, 30]])]):
        losses = small.losses([torch.rand(3, 64, 64)] * 2, boxes)
        assert torch.isfinite(torch.stack(list(losses.values()))).all()


def test_the_denoising_queries_do_not_compete_for_the_cells():
    """Their places come first; the loss of the last layer is that of the others."""
    torch.manual_seed(0)
    detector = registry.build(SMALL)
    seen = []
    compute = detector.network.loss_function

    def listening(logits, labels, device, boxes, *arguments, **keywords):
        seen.append((logits.shape[1], boxes.shape[1], keywords["denoising_meta_values"]))
        return compute(logits, labels, device, boxes, *arguments, **keywords)

    detector.network.loss_function = listening
    detector.losses(*two_cells())
    [(scored, boxed, denoising)] = seen
    assert scored == boxed == denoising["dn_num_split"][1] == 240
    assert denoising["dn_num_split"][0] > 0


@pytest.mark.parametrize("n_channels", [1, 2, 4, 6])
def test_it_learns_from_any_channels_and_is_found_again(n_channels, tmp_path):
    torch.manual_seed(0)
    detector = registry.build(SMALL, CHANNELS[-n_channels:])
    images = [torch.rand(n_channels, 64, 64), torch.rand(n_channels, 40, 64)]
    losses = detector.losses(images, [torch.tensor([[4.0, 4, 30, 30]]), torch.zeros(0, 4)])
    sum(losses.values()).backward()
    [stem] = {m for m in detector.body.modules() if getattr(m, "in_channels", 0) == n_channels}
    assert stem.weight.grad.abs().sum() > 0
    registry.save(detector, SMALL, tmp_path / "model.pt")
    loaded = registry.load(tmp_path / "model.pt", CPU)
    assert loaded.network.window == 64
    limits = Limits(0.0, 0.5, 100)
    before, after = (
        each.detect(torch.rand(1).new_ones(n_channels, 64, 64), limits)[0]
        for each in (detector, loaded)
    )
    torch.testing.assert_close(before, after, rtol=0, atol=0)


@pytest.mark.slow
def test_it_learns_to_find_cells(tmp_path):
    settings = dataclasses.replace(SETTINGS, steps=200, warmup=10, scales=(1, 1))
    learned = tile_set(4, 0, 3, 2, 1, 4)
    detector, _ = train(learned, tile_set(4), SMALL, settings, Checkpoint(tmp_path, "k"))
    given = tile_set(4)
    limits = inference.Settings(scale=1.0, min_score=0.5, nms_iou=0.3, max_detections=4000)
    found = inference.detect_field(detector, "f", given.images[0], limits, CPU)
    matched = geometry.match(
        found[["x_min", "y_min", "x_max", "y_max"]].to_numpy(),
        found["score"].to_numpy(),
        given.boxes[0].astype(np.float64),
        min_iou=0.5,
    )
    assert (matched >= 0).sum() == 4
    assert len(matched) <= 5


def test_a_killed_training_goes_on_and_gives_the_same_bits(tmp_path):
    history = trained_with_and_without_a_kill(SMALL, tmp_path)
    assert {"loss", *detr.LOSSES} <= set(history["metric"])


# Weights


def test_a_model_of_hugging_face_is_read_from_its_folder(tmp_path):
    torch.manual_seed(2)
    config = registry.build({**SMALL, "backbone": "resnet50"}).network.config
    config.num_labels, config.num_queries = 80, 300
    RTDetrForObjectDetection(config).save_pretrained(tmp_path / "coco")
    path = tmp_path / "coco/model.safetensors"
    theirs = RTDetrForObjectDetection.from_pretrained(tmp_path / "coco").state_dict()
    torch.manual_seed(5)
    ours = registry.build({**SMALL, "backbone": "resnet50", "weights": path}).network
    ours = ours.state_dict()
    key = "model.backbone.model.encoder.stages.3.layers.2.layer.1.convolution.weight"
    assert torch.equal(ours[key], theirs[key])
    assert theirs["model.enc_score_head.weight"].shape[0] == 80
    assert ours["model.enc_score_head.weight"].shape[0] == 1
    with pytest.raises(StudyError, match="missing"):
        registry.build({**SMALL, "weights": path})
    path.write_bytes(b"nothing")
    with pytest.raises(StudyError, match="cannot be read as RT-DETR"):
        registry.build({**SMALL, "backbone": "resnet50", "weights": path})
