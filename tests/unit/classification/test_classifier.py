import copy

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from cellpheno.classification import inference, sampling
from cellpheno.classification.training import Outcome, Trainer, TrainingSettings, accuracies, score
from cellpheno.core.errors import StudyError
from cellpheno.images import store
from cellpheno.images.crops import Geometry, cut
from cellpheno.networks.backbones import Classifier, ModelSettings, Trained
from cellpheno.networks.training import Checkpoint
from cellpheno.study.inputs import COLOURS
from cellpheno.tables import storage
from cellpheno.tables.cells import PREDICTIONS
from cellpheno.tables.columns import BOX_COLUMNS
from cellpheno.tables.metrics import HISTORY

CPU = torch.device("cpu")
CLASSES = ["plain", "left", "right"]
SETTINGS = TrainingSettings(
    validation="fields",
    epochs=4,
    batch_size=8,
    optimizer="adamw",
    learning_rate=0.02,
    weight_decay=0.0,
    schedule="cosine",
    warmup=2,
    milestones=[],
    label_smoothing=0.0,
    balance=True,
    flips=True,
    quarter_turns=False,
)


def small_classifier(n_classes=3, seed=0):
    torch.manual_seed(seed)
    layers = [nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 6, 3, 1, 1)]
    settings = ModelSettings("small", dropout=0.2)
    mean, std = [0.2] * 3, [0.3] * 3
    return Classifier(nn.Sequential(*layers), nn.Identity(), 6, n_classes, mean, std, settings)


def noise(n, size=16, seed=0):
    return np.random.default_rng(seed).integers(0, 100, (n, size, size, 3), dtype=np.uint8)


@pytest.fixture
def bright_crops():
    """Crops whose class is the channel that is bright."""
    crops, labels = noise(60), np.arange(60) % 3
    for crop, label in zip(crops, labels, strict=True):
        crop[..., label] += 100
    return crops, labels, (np.arange(40), np.arange(40, 60))


def trainer(data, settings=SETTINGS, seed=5):
    crops, labels, rows = data
    return Trainer(small_classifier(), crops, labels, rows, settings, seed, CPU)


class KilledAfter(Checkpoint):
    """A training whose machine is lost after some epochs."""

    def __init__(self, folder, epochs):
        super().__init__(folder, "key")
        self.epochs = epochs

    def save(self, progress, **parts):
        super().save(progress, **parts)
        if progress["epochs"] == self.epochs:
            raise KeyboardInterrupt


def test_training_learns_an_easy_task_and_writes_its_history(bright_crops, tmp_path):
    work = trainer(bright_crops)
    history = work.run(CLASSES, {"sides": ["left", "right"]}, Checkpoint(tmp_path, "key"))
    last = history[(history["step"] == 4) & (history["split"] == "val")].set_index(
        ["class", "metric"]
    )["value"]
    assert set(last.index) == {
        *[(name, "accuracy") for name in [*CLASSES, "all", "sides"]],
        ("all", "loss"),
    }
    assert last["all", "accuracy"] == 1.0
    assert history["step"].unique().tolist() == [1, 2, 3, 4]
    assert history["split"].unique().tolist() == ["train", "val"]


CHANGES = {
    "rotation": {"probability": 0.5, "degrees": 90},
    "blur": {"probability": 0.5, "kernel": [3, 7]},
    "brightness": {"probability": 0.5, "limit": 0.2, "kind": "sound"},
}


@pytest.mark.parametrize(
    "given",
    [{}, {"optimizer": "sgd"}, {"optimizer": "adam", "keep": "best", "steps": 18, **CHANGES}],
)
def test_a_killed_training_goes_on_to_the_same_bits(bright_crops, tmp_path, given):
    settings = TrainingSettings(**{**vars(SETTINGS), **given})
    undisturbed = trainer(bright_crops, settings)
    expected = undisturbed.run(CLASSES, {}, Checkpoint(tmp_path / "other", "key"))
    with pytest.raises(KeyboardInterrupt):
        trainer(bright_crops, settings).run(CLASSES, {}, KilledAfter(tmp_path, 2), save_every=0)
    watched = storage.read(tmp_path / "history.tsv", HISTORY)
    assert set(watched["step"]) == {1, 2}
    torch.manual_seed(999)
    resumed = trainer(bright_crops, settings)
    history = resumed.run(CLASSES, {}, Checkpoint(tmp_path, "key"))
    pd.testing.assert_frame_equal(history, expected, check_exact=True)
    for key, value in undisturbed.model.state_dict().items():
        assert torch.equal(value, resumed.model.state_dict()[key]), key


def test_the_epoch_that_was_best_on_validation_is_kept(bright_crops, tmp_path):
    weights = []

    def evaluate(rows):
        weights.append(work.model.head.weight.detach().clone())
        right = (2, 6, 4, 6)[len(weights) - 1]
        return Outcome(np.ones(8, int), np.arange(8) < right, np.zeros(8))

    settings = TrainingSettings(**{**vars(SETTINGS), "keep": "best", "criterion": "accuracy"})
    work = trainer(bright_crops, settings)
    work.evaluate = evaluate
    work.run(CLASSES, {}, Checkpoint(tmp_path, "key"))
    assert torch.equal(work.model.head.weight, weights[1])  # of equals, the earlier one
    assert not torch.equal(weights[1], weights[3])


def test_what_is_best_depends_on_the_criterion():
    labels = np.array([0] * 8 + [1] * 2)  # one class is rare
    frequent = Outcome(labels, np.zeros(10, int), np.full(10, 0.3))
    both = Outcome(labels, np.array([0] * 5 + [1] * 5), np.full(10, 0.5))
    found = {
        criterion: [score(outcome, criterion) for outcome in (frequent, both)]
        for criterion in ("accuracy", "balanced_accuracy", "loss")
    }
    assert found == {
        "accuracy": [0.8, 0.7],
        "balanced_accuracy": [0.5, pytest.approx((5 / 8 + 1) / 2)],
        "loss": [pytest.approx(-0.3), -0.5],
    }
    assert TrainingSettings(**vars(SETTINGS)).criterion == "balanced_accuracy"


def test_without_validation_crops_the_last_epoch_is_kept(bright_crops, tmp_path):
    crops, labels, (train, _) = bright_crops
    weights = []
    for keep in ("best", "last"):
        settings = TrainingSettings(**{**vars(SETTINGS), "epochs": 2, "keep": keep})
        work = trainer((crops, labels, (train, train[:0])), settings)
        work.run(CLASSES, {}, Checkpoint(tmp_path / keep, "key"))
        weights.append(work.model.head.weight.detach())
    assert torch.equal(*weights)


def test_steps_end_a_training_within_an_epoch(bright_crops, tmp_path):
    settings = TrainingSettings(**{**vars(SETTINGS), "steps": 12, "warmup": 0})
    work = trainer(bright_crops, settings)
    history = work.run(CLASSES, {}, Checkpoint(tmp_path, "key"))
    assert work.steps == 5  # of 8 of 40 crops
    assert history["step"].unique().tolist() == [1, 2, 3]
    [moments] = {int(state["step"]) for state in work.optimizer.state.values()}
    assert moments == 12
    assert work.scheduler.get_last_lr() == [0.0]  # the schedule ends with the last step
    assert work.seconds > 0


def test_the_second_heads_loss_is_added_with_its_weight(bright_crops):
    model = small_classifier()
    second = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 3))
    settings = ModelSettings("small", auxiliary_loss=0.4)
    mean, std = [0.2] * 3, [0.3] * 3
    both = Classifier(
        model.backbone, nn.Identity(), 6, 3, mean, std, settings, auxiliary=("2", second)
    )
    crops, labels, rows = bright_crops
    work = Trainer(both, crops, labels, rows, SETTINGS, 0, CPU)
    both.eval()
    images = torch.from_numpy(crops[:4]).permute(0, 3, 1, 2)
    logits, further = both.training_logits(images)
    assert torch.equal(logits, both(images))
    assert torch.equal(further, second(both.backbone[:3]((images / 255 - 0.2) / 0.3)))
    settings = TrainingSettings(**{**vars(SETTINGS), "flips": False})
    work = Trainer(both, crops, labels, rows, settings, 0, CPU)
    expected = [work.loss(each, torch.tensor([0, 1, 2, 0])) for each in (logits, further)]
    losses, _ = work.train_step(np.arange(4), 0)
    assert torch.allclose(losses, expected[0] + 0.4 * expected[1], atol=1e-5)


def test_another_seed_trains_another_classifier(bright_crops, tmp_path):
    weights = []
    for seed in (5, 5, 6):
        work = trainer(bright_crops, seed=seed)
        work.run(CLASSES, {}, Checkpoint(tmp_path / f"{len(weights)}", "key"))
        weights.append(work.model.head.weight.detach())
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_accuracy_of_a_class_is_its_recall_and_of_a_group_that_of_in_or_out():
    labels, called = np.array([0, 0, 1, 1, 2]), np.array([0, 1, 1, 2, 1])
    outcome = Outcome(labels, called, np.zeros(5))
    shares = accuracies(outcome, [*CLASSES, "never"], {"sides": ["left", "right"]})
    assert shares["all"] == 2 / 5
    assert (shares["plain"], shares["left"], shares["right"]) == (1 / 2, 1 / 2, 0)
    assert np.isnan(shares["never"])
    assert shares["sides"] == 4 / 5  # left called right is still a side


def test_whole_fields_or_a_fifth_of_all_cells_can_be_watched():
    splits = pd.Series(["train"] * 60 + ["val"] * 40 + ["test"] * 20)
    train, val = sampling.divide(splits, "fields", seed=0)
    assert (train.tolist(), val.tolist()) == (list(range(60)), list(range(60, 100)))
    train, val = sampling.divide(splits, "cells", seed=0)
    assert sorted([*train, *val]) == list(range(100))
    assert len(val) == 20
    assert val.min() < 60 <= val.max()
    assert not np.array_equal(val, sampling.divide(splits, "cells", seed=1)[1])


def test_balance_draws_rare_classes_as_often_as_common_ones():
    labels = np.array([0] * 900 + [1] * 100)
    drawn = labels[sampling.draw(labels, balance=True, seed=0, epoch=0)]
    assert 0.45 < drawn.mean() < 0.55
    plain = sampling.draw(labels, balance=False, seed=0, epoch=0)
    assert sorted(plain) == list(range(1000))
    assert not np.array_equal(plain, sampling.draw(labels, balance=False, seed=0, epoch=1))


def test_a_class_that_has_cells_but_none_to_train_on_is_named():
    labels = pd.Series(["plain", "left", "right"])
    with pytest.raises(StudyError, match="crops of the class 'right' can be trained"):
        sampling.check_classes(labels, np.array([0, 1]), CLASSES)
    sampling.check_classes(labels, np.array([0, 1, 2]), [*CLASSES, "never seen"])
    with pytest.raises(StudyError, match="no crops to train"):
        sampling.check_classes(labels, np.array([], dtype=int), CLASSES)
    with pytest.raises(StudyError, match="one crop to train"):
        sampling.check_classes(labels, np.array([1]), CLASSES)


def test_normalisation_is_that_of_the_training_crops_alone():
    crops = noise(10)
    crops[5:] = 255
    mean, std = sampling.channel_statistics(crops, np.arange(5))
    values = crops[:5].reshape(-1, 3) / 255
    assert np.allclose(mean, values.mean(axis=0))
    assert np.allclose(std, values.std(axis=0))


def test_flips_and_turns_only_move_pixels_and_reach_all_eight_positions():
    picture = torch.arange(16).view(1, 1, 4, 4).repeat(400, 1, 1, 1)
    torch.manual_seed(0)
    both = sampling.augment(picture, flips=True, quarter_turns=True)
    assert torch.equal(both.flatten(1).sort(1).values, picture.flatten(1))
    assert len(both.flatten(1).unique(dim=0)) == 8
    assert len(sampling.augment(picture, True, False).flatten(1).unique(dim=0)) == 4
    turns = sampling.augment(picture, False, True).flatten(1).unique(dim=0)
    expected = torch.stack([picture[0].rot90(k, (1, 2)).flatten() for k in range(4)])
    assert torch.equal(turns, expected.unique(dim=0))
    assert torch.equal(sampling.augment(picture, False, False), picture)


def test_four_flips_are_the_mean_over_the_four_views():
    model, crops = small_classifier().eval(), noise(5)
    views = [crops, crops[:, ::-1], crops[:, :, ::-1], crops[:, ::-1, ::-1]]
    single = [inference.predict(model, view, inference.Settings(False), CPU) for view in views]
    averaged = inference.predict(model, crops, inference.Settings(True), CPU)
    expected = np.mean([part.probabilities for part in single], axis=0)
    assert np.allclose(averaged.probabilities, expected, atol=1e-6)
    assert np.array_equal(averaged.features, single[0].features)
    assert not np.allclose(single[0].probabilities, single[1].probabilities, atol=1e-4)


def test_adaptive_flips_turn_only_what_is_unsure(monkeypatch):
    model, crops = small_classifier().eval(), noise(9)
    one, four = (
        inference.predict(model, crops, inference.Settings(views), CPU) for views in (False, True)
    )
    highest = np.sort(one.probabilities, axis=1)
    distance = highest[:, -1] - highest[:, -2]
    monkeypatch.setattr(inference, "SURE", float(np.median(distance)))
    found = inference.predict(model, crops, inference.Settings("adaptive"), CPU)
    turned = distance < np.median(distance)
    assert 0 < turned.sum() < len(crops)
    np.testing.assert_allclose(found.probabilities[turned], four.probabilities[turned], atol=1e-6)
    assert np.array_equal(found.probabilities[~turned], one.probabilities[~turned])
    monkeypatch.setattr(inference, "SURE", 0.0)
    nothing = inference.predict(model, crops, inference.Settings("adaptive"), CPU)
    assert np.array_equal(nothing.probabilities, one.probabilities)
    monkeypatch.setattr(inference, "SURE", 1.1)
    everything = inference.predict(model, crops, inference.Settings("adaptive"), CPU)
    assert np.array_equal(everything.probabilities, four.probabilities)


def test_rows_are_regrouped_in_order():
    arrays = [np.arange(5), np.arange(5, 6), np.arange(0), np.arange(6, 20)]
    groups = list(inference.regroup(arrays, 4))
    assert [len(group) for group in groups] == [4] * 5
    assert np.concatenate(groups).tolist() == list(range(20))
    assert [len(g) for g in inference.regroup([np.arange(6)], 4)] == [4, 2]
    assert list(inference.regroup([np.arange(0)], 4)) == []


@pytest.fixture
def shard(tmp_path):
    fields = [("b", noise(1, 64, seed=1)[0]), ("a", noise(1, 64, seed=2)[0])]
    store.write(tmp_path / "s.npz", fields)
    rows = [("a", 1.0, 2.0, 20.0, 30.0), ("a", 30.0, 2.0, 50.0, 30.0), ("b", 8.0, 8.0, 20.0, 20.0)]
    detections = pd.DataFrame(rows, columns=["field", *BOX_COLUMNS]).assign(score=[0.9, 0.8, 0.7])
    trained = Trained(small_classifier().eval(), CLASSES, Geometry(0.16, 0.12, 16), [*COLOURS])
    return trained, tmp_path / "s.npz", detections, dict(fields)


def test_a_shard_is_classified_in_the_order_of_its_detections(shard, tmp_path):
    trained, path, detections, fields = shard
    table, features = inference.classify(trained, path, detections, inference.Settings(True), CPU)
    storage.write(table, tmp_path / "p.parquet", PREDICTIONS)
    assert table["field"].tolist() == ["a", "a", "b"]
    assert table["det_score"].tolist() == [0.9, 0.8, 0.7]
    assert table["feature_row"].tolist() == [0, 1, 2]
    assert (features.shape, features.dtype) == ((3, 6), np.float16)
    for row, name in enumerate(["a", "a", "b"]):
        box = detections[BOX_COLUMNS].to_numpy()[row : row + 1]
        alone = inference.predict(
            trained.model,
            cut(fields[name], box, trained.geometry),
            inference.Settings(True),
            CPU,
        )
        found = table.loc[row, [f"p_{c}" for c in CLASSES]].to_numpy(dtype=float)
        assert np.allclose(found, alone.probabilities[0], atol=1e-6)
        assert np.allclose(features[row], alone.features[0], atol=1e-2)


def test_the_size_of_batches_does_not_change_the_predictions(shard, monkeypatch):
    trained, path, detections, _ = shard
    whole, _ = inference.classify(trained, path, detections, inference.Settings(True), CPU)
    monkeypatch.setitem(inference.PIXELS, "cpu", 1)
    single, _ = inference.classify(trained, path, detections, inference.Settings(True), CPU)
    pd.testing.assert_frame_equal(whole, single, atol=1e-6)


def test_a_shard_without_detections_gives_the_empty_table(shard, tmp_path):
    trained, path, detections, _ = shard
    table, features = inference.classify(
        trained, path, detections.head(0), inference.Settings(True), CPU
    )
    assert len(table) == 0
    assert features.shape == (0, 6)
    assert {f"p_{name}" for name in CLASSES} <= set(table)
    storage.write(table, tmp_path / "p.parquet", PREDICTIONS)


def test_detections_of_a_field_that_is_not_in_the_shard_are_an_error(shard):
    trained, path, detections, _ = shard
    strange = copy.copy(detections).assign(field=["a", "a", "z"])
    with pytest.raises(StudyError, match="lacks the field z"):
        inference.classify(trained, path, strange, inference.Settings(True), CPU)
