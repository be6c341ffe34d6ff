"""Every detector, of one stage or two, works at native resolution and without hidden limits."""

import pytest
import torch
from detector_study import CPU, LEARNS_TO_FIND_ROUND_CELLS, dense_field, recall, tiles, train
from torchvision.models import detection as torchvision_detection

from cellpheno.detection.backends import registry
from cellpheno.detection.backends.interface import Limits
from cellpheno.detection.backends.torchvision_models import ARCHITECTURES
from cellpheno.detection.pixels import to_tensor
from cellpheno.networks.training import Checkpoint

every_architecture = pytest.mark.parametrize("architecture", sorted(ARCHITECTURES))


def model(architecture, backbone="resnet18_small"):
    return {
        "backend": "torchvision",
        "architecture": architecture,
        "backbone": backbone,
        "weights": None,
    }


@every_architecture
def test_the_state_dict_is_torchvisions_own(architecture):
    make = {
        "faster_rcnn": torchvision_detection.fasterrcnn_resnet50_fpn,
        "fcos": torchvision_detection.fcos_resnet50_fpn,
        "retinanet": torchvision_detection.retinanet_resnet50_fpn,
    }[architecture]
    with torch.device("meta"):
        ours = registry.build(model(architecture, "resnet50")).network
        # Faster R-CNN counts the background as a class, the others do not
        n_classes = 2 if architecture == "faster_rcnn" else 1
        reference = make(weights=None, weights_backbone=None, num_classes=n_classes)
    shapes = {key: value.shape for key, value in ours.state_dict().items()}
    assert shapes == {key: value.shape for key, value in reference.state_dict().items()}


@every_architecture
@pytest.mark.parametrize("backbone", ["resnet18_small", "resnet50"])
def test_a_large_image_keeps_its_size(architecture, backbone):
    transform = registry.build(model(architecture, backbone)).network.transform.eval()
    shown, _ = transform([torch.rand(3, 1500, 1700)])
    assert shown.image_sizes == [(1500, 1700)]


@every_architecture
def test_the_only_cap_is_the_one_that_is_asked_for(architecture):
    torch.manual_seed(0)
    detector = registry.build(model(architecture))
    image = torch.rand(3, 192, 256)
    boxes, scores = detector.detect(image, Limits(0.0, 0.99, max_detections=3000))
    assert len(boxes) == len(scores) > 700  # torchvision's own limits: 100 to 300 boxes
    assert len(detector.detect(image, Limits(0.0, 0.99, max_detections=50))[0]) == 50


@every_architecture
def test_images_without_cells_can_be_learned_from(architecture):
    detector = registry.build(model(architecture))
    losses = detector.losses([torch.rand(3, 64, 64)] * 2, [torch.zeros(0, 4)] * 2)
    assert torch.isfinite(torch.stack(list(losses.values()))).all()


@every_architecture
def test_a_saved_detector_finds_what_it_found_before(architecture, tmp_path):
    torch.manual_seed(1)
    detector = registry.build(model(architecture))
    registry.save(detector, model(architecture), tmp_path / "model.pt")
    image, limits = torch.rand(3, 96, 96), Limits(0.0, 0.5, 100)
    before, after = (
        each.detect(image, limits)[0]
        for each in (detector, registry.load(tmp_path / "model.pt", CPU))
    )
    torch.testing.assert_close(before, after, rtol=0, atol=0)


@every_architecture
def test_torchvisions_weights_of_cocos_classes_fit_all_other_layers(architecture, tmp_path):
    builder = {"faster_rcnn": "fasterrcnn"}.get(architecture, architecture) + "_resnet50_fpn"
    published = getattr(torchvision_detection, builder)(weights=None, weights_backbone=None)
    torch.save(published.state_dict(), tmp_path / "coco.pth")
    large = {**model(architecture), "backbone": "resnet50", "weights": tmp_path / "coco.pth"}
    detector = registry.build(large)
    for name, values in published.backbone.state_dict().items():
        assert torch.equal(detector.network.backbone.state_dict()[name], values), name


@pytest.mark.slow
@every_architecture
def test_a_dense_field_loses_no_cell_to_a_cap_or_to_a_hidden_shrink(architecture, tmp_path):
    """600 cells in one field, as published fields have (A3), after a short training on tiles."""
    detector, _ = train(
        tiles(40),
        tiles(0),
        model(architecture),
        LEARNS_TO_FIND_ROUND_CELLS,
        Checkpoint(tmp_path, "dense"),
    )
    image, annotated = dense_field()
    shown = to_tensor(image, CPU)
    found = detector.detect(shown, Limits(min_score=0.1, nms_iou=0.3, max_detections=4000))
    assert recall(*found, annotated) > 0.99

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
    assert recall(usual["boxes"], usual["scores"], annotated) < 0.55
