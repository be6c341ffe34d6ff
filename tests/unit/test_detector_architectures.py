"""What holds for every detector, of one stage or two: native resolution and no hidden cap."""

import numpy as np
import pytest
import torch
from torchvision.models import detection as torchvision_detection

from cellpheno import boxes as geometry
from cellpheno.detection import backends, training
from cellpheno.detection.coco import TileSet
from cellpheno.detection.interface import Limits
from cellpheno.detection.pixels import to_tensor
from cellpheno.detection.torchvision_models import ARCHITECTURES
from cellpheno.inputs import COLOURS
from cellpheno.training import Checkpoint

CPU = torch.device("cpu")
SIDE = 40
DENSE = (1080, 1280)
N_CELLS = 600

every_architecture = pytest.mark.parametrize("architecture", sorted(ARCHITECTURES))


def model(architecture, backbone="resnet18_small"):
    return {
        "backend": "torchvision",
        "architecture": architecture,
        "backbone": backbone,
        "weights": None,
    }


def field_with_cells(n_cells, height, width, seed):
    """Return a noisy field with round cells on a jittered grid, and their boxes."""
    random = np.random.default_rng(seed)
    image = random.integers(0, 60, (height, width, 3), dtype=np.uint8)
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    disk = np.hypot(x, y) < SIDE / 2
    places = [(r, c) for r in range(0, height - 44, 44) for c in range(0, width - 44, 44)]
    chosen = random.choice(len(places), n_cells, replace=False)
    boxes = []
    for row, column in (places[number] for number in sorted(chosen)):
        top, left = row + random.integers(0, 5), column + random.integers(0, 5)
        image[top : top + SIDE, left : left + SIDE][disk] += np.uint8(random.integers(90, 190))
        boxes.append((left, top, left + SIDE, top + SIDE))
    return image, np.array(boxes, dtype=np.float32).reshape(-1, 4)


def tiles(count):
    made = [field_with_cells(n % 10, 138, 138, seed=n) for n in range(count)]
    return TileSet([str(n) for n in range(count)], [m[0] for m in made], [m[1] for m in made])


@every_architecture
def test_the_state_dict_is_torchvisions_own(architecture):
    make = {
        "faster_rcnn": torchvision_detection.fasterrcnn_resnet50_fpn,
        "fcos": torchvision_detection.fcos_resnet50_fpn,
        "retinanet": torchvision_detection.retinanet_resnet50_fpn,
    }[architecture]
    with torch.device("meta"):
        ours = backends.build(model(architecture, "resnet50")).network
        # Faster R-CNN counts the background as a class, the others do not
        n_classes = 2 if architecture == "faster_rcnn" else 1
        reference = make(weights=None, weights_backbone=None, num_classes=n_classes)
    shapes = {key: value.shape for key, value in ours.state_dict().items()}
    assert shapes == {key: value.shape for key, value in reference.state_dict().items()}


@every_architecture
@pytest.mark.parametrize("backbone", ["resnet18_small", "resnet50"])
def test_a_large_image_keeps_its_size(architecture, backbone):
    transform = backends.build(model(architecture, backbone)).network.transform.eval()
    shown, _ = transform([torch.rand(3, 1500, 1700)])
    assert shown.image_sizes == [(1500, 1700)]


@every_architecture
def test_the_only_cap_is_the_one_that_is_asked_for(architecture):
    torch.manual_seed(0)
    detector = backends.build(model(architecture))
    image = torch.rand(3, 192, 256)
    boxes, scores = detector.detect(image, Limits(0.0, 0.99, max_detections=3000))
    assert len(boxes) == len(scores) > 700  # torchvision's own limits: 100 to 300 boxes
    assert len(detector.detect(image, Limits(0.0, 0.99, max_detections=50))[0]) == 50


@every_architecture
def test_images_without_cells_can_be_learned_from(architecture):
    detector = backends.build(model(architecture))
    losses = detector.losses([torch.rand(3, 64, 64)] * 2, [torch.zeros(0, 4)] * 2)
    assert torch.isfinite(torch.stack(list(losses.values()))).all()


@every_architecture
def test_a_saved_detector_finds_what_it_found_before(architecture, tmp_path):
    torch.manual_seed(1)
    detector = backends.build(model(architecture))
    backends.save(detector, model(architecture), tmp_path / "model.pt")
    image, limits = torch.rand(3, 96, 96), Limits(0.0, 0.5, 100)
    before, after = (
        each.detect(image, limits)[0]
        for each in (detector, backends.load(tmp_path / "model.pt", CPU))
    )
    torch.testing.assert_close(before, after, rtol=0, atol=0)


@pytest.mark.slow
@every_architecture
def test_a_dense_field_loses_no_cell_to_a_cap_or_to_a_hidden_shrink(architecture, tmp_path):
    """600 cells in one field, as published fields have (A3), after a short training on tiles."""
    settings = training.Settings(
        steps=120,
        batch_size=4,
        optimizer="adamw",
        learning_rate=0.001,
        weight_decay=0.0001,
        schedule="cosine",
        warmup=20,
        milestones=(),
        scales=(0.9, 1.1),
        quarter_turns=False,
    )
    checkpoint = Checkpoint(tmp_path, "dense")
    detector, _ = training.train(
        tiles(40), tiles(0), COLOURS, model(architecture), settings, 0, checkpoint, CPU
    )
    image, annotated = field_with_cells(N_CELLS, *DENSE, seed=99)
    shown = to_tensor(image, CPU)

    def recall(boxes, scores):
        matched = geometry.match(
            boxes.numpy().astype(np.float64), scores.numpy(), annotated.astype(np.float64), 0.5
        )
        return (matched >= 0).sum() / N_CELLS

    found = detector.detect(shown, Limits(min_score=0.1, nms_iou=0.3, max_detections=4000))
    assert recall(*found) > 0.99

    # the same weights as the library would use them: shrunk to at most 800 px, 100 to 300 boxes
    network = detector.network.eval()
    ours = network.transform
    network.transform = torchvision_detection.transform.GeneralizedRCNNTransform(
        800, 1333, ours.image_mean, ours.image_std
    )
    capped = 100 if architecture != "retinanet" else 300
    if architecture == "faster_rcnn":
        network.roi_heads.detections_per_img = capped
    else:
        network.detections_per_img = capped
    with torch.inference_mode():
        usual = network([shown])[0]
    assert recall(usual["boxes"], usual["scores"]) < 0.55
