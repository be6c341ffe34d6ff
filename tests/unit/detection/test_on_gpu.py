"""A GPU gives the tables of a CPU, within rounding. Skipped where there is none."""

import copy
import dataclasses

import numpy as np
import pandas as pd
import pytest
import torch
from benchmarks import phantoms
from benchmarks.sections import detection as detecting

from cellpheno.classification import crops_on_gpu, inference
from cellpheno.classification.feature_maps import find_layer
from cellpheno.classification.gradcam import explain
from cellpheno.classification.training import Trainer
from cellpheno.detection.backends import registry
from cellpheno.detection.inference import Settings, detect_fields
from cellpheno.images import store
from cellpheno.images.crops import cut
from cellpheno.networks import backbones
from cellpheno.networks.backbones import ModelSettings, Trained
from cellpheno.study.inputs import COLOURS
from cellpheno.tables.columns import BOX_COLUMNS

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")

CPU, CUDA = torch.device("cpu"), torch.device("cuda")
LIMITS = Settings(scale=1.0, min_score=0.5, nms_iou=0.3, max_detections=100)
HOW = {"epochs": 4, "learning_rate": 5e-4, "batch_size": 16}
"""A gentle training: a coarse one takes two processors apart within steps."""


@pytest.fixture(scope="module")
def fields():
    return [(f"field-{n}", phantoms.field(300, 420, 30, seed=70 + n)[0]) for n in range(5)]


@pytest.fixture(scope="module")
def detector(tmp_path_factory):
    """A detector that was trained on the GPU, as the workflow writes it."""
    folder = tmp_path_factory.mktemp("detector")
    trained = detecting.trained(folder, 100, CUDA)
    registry.save(trained, detecting.SMALL, folder / "model.pt")
    return folder / "model.pt"


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    """A classifier that was trained on the GPU, as the workflow writes it."""
    path = tmp_path_factory.mktemp("classifier") / "model.pt"
    model = phantoms.trained_classifier(80, CUDA)
    backbones.save(path, Trained(model, phantoms.CLASSES, phantoms.GEOMETRY, list(COLOURS)))
    return path


def found(detector, fields, device, precision):
    return detect_fields(
        registry.load(detector, device, precision), fields, LIMITS, device
    ).sort_values(["field", *BOX_COLUMNS[:2]], ignore_index=True)


def test_cells_are_found_in_the_same_places(detector, fields):
    expected = found(detector, fields, CPU, "float32")
    same = found(detector, fields, CUDA, "float32")
    assert len(expected) > 60
    assert list(same["field"]) == list(expected["field"])
    columns = [*BOX_COLUMNS, "score"]
    np.testing.assert_allclose(same[columns], expected[columns], atol=0.1)
    low = found(detector, fields, CUDA, "auto")
    assert abs(len(low) - len(expected)) <= 2


@pytest.mark.parametrize(("precision", "apart"), [("float32", 1e-3), ("auto", 0.05)])
def test_cells_get_the_same_classes(classifier, fields, tmp_path, precision, apart):
    boxes = [phantoms.field(300, 420, 30, seed=70 + n)[1] for n in range(5)]
    rows = [
        [name, *box, 0.9] for (name, _), each in zip(fields, boxes, strict=True) for box in each
    ]
    frame = pd.DataFrame(rows, columns=["field", *BOX_COLUMNS, "score"])
    store.write(tmp_path / "shard.npz", fields)
    results = {}
    for device, numbers in ((CPU, "float32"), (CUDA, precision)):
        trained = backbones.load(classifier, device, numbers)
        results[device], _ = inference.classify(
            trained, tmp_path / "shard.npz", frame, inference.Settings(True), device
        )
    columns = [f"p_{name}" for name in phantoms.CLASSES]
    one, other = (results[device][columns].to_numpy() for device in (CPU, CUDA))
    # crops may be a grey level apart
    np.testing.assert_allclose(one, other, atol=max(apart, 0.03))
    assert (one.argmax(1) == other.argmax(1)).mean() > 0.98


def test_crops_are_cut_on_the_card(fields):
    _, image = fields[0]
    boxes = phantoms.field(300, 420, 30, seed=70)[1]
    expected = cut(image, boxes, phantoms.GEOMETRY).astype(int)
    here = crops_on_gpu.cut(torch.from_numpy(image).to(CUDA), boxes, phantoms.GEOMETRY)
    assert np.abs(here.cpu().numpy() - expected).max() <= 1


@pytest.mark.parametrize("name", ["last", "layer3"])
def test_maps_are_the_same(classifier, name):
    pictures, labels = phantoms.crops(12, seed=9)
    models = [backbones.load(classifier, device, "float32").model for device in (CPU, CUDA)]
    layer = find_layer(models[0], name, pictures.shape[1])
    maps = [
        explain(model, pictures, labels, layer, device)
        for model, device in zip(models, (CPU, CUDA), strict=True)
    ]
    np.testing.assert_allclose(maps[1], maps[0], atol=1e-2)


@pytest.mark.parametrize("compiled", [False, True])
def test_a_recorded_training_takes_the_steps_of_a_plain_one(compiled):
    pictures, labels = phantoms.crops(160, seed=3)
    rows = np.arange(128), np.arange(128, 160)
    torch.manual_seed(0)
    start = backbones.build(ModelSettings("resnet18"), len(phantoms.CLASSES))
    settings = dataclasses.replace(phantoms.TRAINING, **HOW)
    losses = []
    for kind in ("plain", "recorded"):
        trainer = Trainer(
            copy.deepcopy(start),
            pictures,
            labels,
            rows,
            settings,
            0,
            CUDA,
            "float32",
            compile=compiled,
        )
        if kind == "plain":
            trainer.gradients, trainer.logits = trainer._gradients, trainer.model.training_logits
        losses.append([trainer.train_epoch(epoch).losses.mean() for epoch in range(4)])
        counted = trainer.model.backbone.bn1.num_batches_tracked
        assert int(counted) == 4 * trainer.steps  # what warms up a recording does not count
    np.testing.assert_allclose(losses[1], losses[0], rtol=0.1 if compiled else 0.03)


def test_a_small_batch_is_recorded_and_gives_the_same(classifier):
    model = backbones.load(classifier, CUDA, "float32").model
    pictures, _ = phantoms.crops(8, seed=5)
    once, again = (
        inference.predict(model, pictures, inference.Settings(True), CUDA, maps=True)
        for _ in range(2)
    )
    np.testing.assert_array_equal(once.probabilities, again.probabilities)
    many = np.concatenate([pictures] * 150)  # more than are recorded
    assert len(many) * pictures.shape[1] ** 2 > inference.FEW_PIXELS
    plain = inference.predict(model, many, inference.Settings(True), CUDA, maps=True)
    np.testing.assert_allclose(plain.probabilities[:8], once.probabilities, atol=1e-3)
    np.testing.assert_allclose(plain.maps[:8], once.maps, atol=1e-2 * np.abs(once.maps).max())
