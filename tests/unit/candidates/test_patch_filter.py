"""The filter of empty patches: its examples, its features, its decision and how well it does."""

import logging

import cv2
import numpy as np
import pandas as pd
import pytest
import torch
import torchvision

from cellpheno.candidates.patch_filter import examples, judgement
from cellpheno.candidates.patch_filter.features import NETWORK, STATISTICS, Describer, statistics
from cellpheno.core.errors import StudyError
from cellpheno.images import store
from cellpheno.tables import storage
from cellpheno.tables.columns import BOX_COLUMNS
from cellpheno.tables.patch_filter import FILTER_METRICS

CPU = torch.device("cpu")
HEADER = "image,x_min,y_min,x_max,y_max,label\n"


def patch(good, rng, size=64):
    """Draw cells with outlines, or the noise of a field without any."""
    image = rng.normal(120, 4, (size, size)).astype(np.float32)
    for _ in range(6 if good else 0):
        x, y = rng.integers(8, size - 8, 2)
        cv2.circle(image, (int(x), int(y)), int(rng.integers(4, 9)), 180, 2)
    return np.repeat(np.clip(image, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


@pytest.fixture(scope="module")
def labelled():
    """Sixty labelled patches of ten fields, with their features."""
    rng = np.random.default_rng(0)
    labels = ["good", "empty", "empty", "good", "empty", "good"] * 10
    crops = np.stack([patch(label == "good", rng) for label in labels])
    frame = pd.DataFrame({"field": [f"f{i // 6}" for i in range(60)], "label": labels})
    frame[BOX_COLUMNS] = [[0.0, 0.0, 64.0, 64.0]] * 60
    return frame, Describer(None, 64, CPU).describe(crops)


@pytest.fixture
def quality():
    frame = pd.DataFrame({"field": ["a", "b"], "verdict": ["ok", "out of focus"]})
    return frame.assign(width=100.0, height=80.0, brightfield=["raw/a_bf.tif", "raw/b_bf.tif"])


def read(tmp_path, text, quality):
    (tmp_path / "examples.csv").write_text(HEADER + text)
    return examples.read(tmp_path / "examples.csv", quality, ["brightfield"])


def test_examples_are_named_by_field_or_by_image_file(tmp_path, quality):
    text = "a,0,0,64,64,good\na_bf.tif,10,0,74,64,empty\n"
    found = read(tmp_path, text, quality)
    assert found["field"].tolist() == ["a", "a"]
    assert found["label"].tolist() == ["good", "empty"]


def test_examples_of_fields_set_aside_teach_nothing_and_are_told(tmp_path, quality, caplog):
    text = "a,0,0,64,64,good\na,9,0,73,64,empty\nb,0,0,64,64,empty\nc,0,0,64,64,good\n"
    with caplog.at_level(logging.WARNING):
        found = read(tmp_path, text, quality)
    assert found["field"].tolist() == ["a", "a"]
    assert "2 labelled patches" in caplog.text


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a,0,0,64,64,blurred\n", r"label 'blurred'; the filter knows good and empty"),
        ("a,50,0,114,64,good\n", r"exceeds the field of 100 x 80 px"),
        ("a,0,0,64,64,good\nb,0,0,64,64,empty\n", r"holds no empty patch in a usable field"),
    ],
)
def test_examples_that_teach_nothing_are_refused(tmp_path, quality, text, sentence):
    with pytest.raises(StudyError, match=sentence):
        read(tmp_path, text, quality)


def test_without_weights_the_log_says_so(caplog):
    with caplog.at_level(logging.WARNING):
        assert Describer(None, 64, CPU).kind == STATISTICS
    assert "image statistics instead of the features of a pretrained ResNet-18" in caplog.text


def test_statistics_do_not_change_when_the_patch_is_turned_or_mirrored():
    crop = patch(True, np.random.default_rng(1))
    for other in (np.rot90(crop), crop[::-1], crop[:, ::-1]):
        assert statistics(np.ascontiguousarray(other)) == pytest.approx(statistics(crop), abs=1e-3)


def test_statistics_of_an_even_patch_are_finite():
    found = statistics(np.full((64, 64, 3), 120, np.uint8))
    assert np.isfinite(found).all()
    assert found[:2] == pytest.approx([120 / 255, 0], abs=1e-6)


def test_features_of_the_network_are_the_512_of_its_last_convolution_pooled(tmp_path):
    torch.manual_seed(0)
    network = torchvision.models.resnet18(weights=None).eval()
    torch.save(network.state_dict(), tmp_path / "resnet18.pth")
    describer = Describer(str(tmp_path / "resnet18.pth"), 64, CPU)
    crops = np.stack([patch(good, np.random.default_rng(2)) for good in (True, False)])
    maps = []
    handle = network.layer4.register_forward_hook(lambda m, i, output: maps.append(output))
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    with torch.inference_mode():
        network((torch.from_numpy(crops).permute(0, 3, 1, 2) / 255 - mean) / std)
    handle.remove()
    assert describer.kind == NETWORK
    found = describer.describe(crops)
    assert found.shape == (2, 512)
    assert found == pytest.approx(maps[0].mean((2, 3)).numpy(), abs=1e-5)


def test_patches_of_a_shard_are_cut_unchanged(tmp_path):
    rng = np.random.default_rng(3)
    field = rng.integers(0, 256, (70, 90, 3), dtype=np.uint8)
    store.write(tmp_path / "shard.npz", [("a", field)])
    patches = pd.DataFrame([["a", 5.0, 6.0, 69.0, 70.0]], columns=["field", *BOX_COLUMNS])
    ((name, crops),) = Describer(None, 64, CPU).of_shard(tmp_path / "shard.npz", patches)
    assert name == "a"
    assert np.array_equal(crops[0], field[6:70, 5:69])


GROUP_OF = pd.Series({name: name for name in ["a", "b", "c", *(f"f{n}" for n in range(40))]})


@pytest.mark.parametrize(("kind", "least"), [("two_class", 0.95), ("one_class", 0.7)])
def test_patches_of_unknown_fields_are_told_apart(labelled, kind, least):
    # F1 of calling every patch empty is 2/3
    known, features = labelled
    judged = judgement.cross_validate(features, known, kind, folds=5, seed=0)
    assert judged.groupby("field")["fold"].nunique().eq(1).all()
    found = judgement.metrics(judged, STATISTICS, kind, GROUP_OF).set_index(["class", "metric"])
    assert found.loc[("empty", "f1"), "value"] >= least


def test_held_out_decisions_do_not_know_the_labels_of_their_own_field(labelled):
    known, features = labelled
    judged = judgement.cross_validate(features, known, "two_class", folds=5, seed=0)
    first = (judged["fold"] == 0).to_numpy()
    machine = judgement.train(features[~first], known["label"][~first], "two_class")
    assert judged["decision"][first].to_numpy() == pytest.approx(
        judgement.decide(machine, features[first])
    )


def test_the_one_class_machine_looks_at_good_patches_alone(labelled):
    known, features = labelled
    good = (known["label"] == "good").to_numpy()
    machine = judgement.train(features, known["label"], "one_class")
    alone = judgement.train(features[good], known["label"][good], "one_class")
    assert judgement.decide(machine, features) == pytest.approx(judgement.decide(alone, features))


def test_metrics_are_those_of_a_table_counted_by_hand(tmp_path):
    judged = pd.DataFrame(
        {
            "field": ["a", "a", "b", "b", "c"],
            "label": ["empty", "empty", "good", "good", "empty"],
            "predicted": ["empty", "good", "good", "empty", "empty"],
        }
    )
    frame = judgement.metrics(judged, STATISTICS, "two_class", GROUP_OF)
    storage.write(frame, tmp_path / "metrics.tsv", FILTER_METRICS)
    found = frame.set_index(["class", "metric"])["value"]
    # empty: 2 of 3 found, 2 of 3 called so are; good: 1 of 2, 1 of 2; right: 3 of 5
    assert found["empty", "recall"] == pytest.approx(2 / 3)
    assert found["empty", "f1"] == pytest.approx(2 / 3)
    assert found["good", "precision"] == pytest.approx(1 / 2)
    assert found["all", "accuracy"] == pytest.approx(3 / 5)


def test_too_few_fields_for_the_folds_are_refused(labelled):
    known, features = labelled
    with pytest.raises(StudyError, match=r"patches in 10 usable fields, too few"):
        judgement.cross_validate(features, known, "two_class", folds=11, seed=0)


def test_the_surface_is_that_of_the_nearest_examples():
    coordinates = np.array([[0.0, 0.0], [100.0, 0.0]])
    plane = judgement.surface(coordinates, np.array([-1.0, 2.0]))
    assert len(plane) == 60 * 60
    at = plane.loc[[plane["tsne_1"].idxmin(), plane["tsne_1"].idxmax()], "decision"]
    assert at.tolist() == pytest.approx([-1, 2])
    # halfway between them both count alike
    middle = (plane["tsne_1"] - 50).abs()
    assert plane["decision"][middle < 1].mean() == pytest.approx(0.5, abs=0.1)


def test_the_map_has_a_place_for_every_example(labelled):
    known, features = labelled
    places = judgement.embed(features, seed=0)
    assert places.shape == (60, 2)
    centres = [
        places[(known["label"] == label).to_numpy()].mean(axis=0) for label in ("good", "empty")
    ]
    assert np.linalg.norm(centres[0] - centres[1]) > places.std()
