"""A training can be killed at any moment and gives the result of an undisturbed one."""

import pytest
import torch
from torch import nn

from cellpheno.core.errors import StudyError
from cellpheno.networks.training import (
    Checkpoint,
    OptimizerSettings,
    checkpoint_key,
    schedule,
    seed_step,
)


def fit(checkpoint, steps, killed_after=None):
    """Train a small network on random numbers, saving every 2 steps."""
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Dropout(), torch.nn.Linear(8, 1))
    optimizer = torch.optim.AdamW(network.parameters())
    progress = checkpoint.load(network=network, optimizer=optimizer)
    losses = progress.get("losses", [])
    for step in range(progress.get("step", 0), steps):
        if step == killed_after:
            raise KeyboardInterrupt
        seed_step(0, step)
        loss = network(torch.randn(16, 4)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if step % 2 == 1:
            state = {"step": step + 1, "losses": losses}
            checkpoint.save(state, network=network, optimizer=optimizer)
    return network.state_dict(), losses


def test_a_resumed_training_gives_the_same_bits_as_an_undisturbed_one(tmp_path):
    weights, losses = fit(Checkpoint(tmp_path, "undisturbed"), steps=7)
    with pytest.raises(KeyboardInterrupt):
        fit(Checkpoint(tmp_path, "killed"), steps=7, killed_after=5)
    again, losses_again = fit(Checkpoint(tmp_path, "killed"), steps=7)
    assert losses_again == losses
    assert all(torch.equal(again[key], weights[key]) for key in weights)


def test_a_new_training_has_nothing_to_resume(tmp_path):
    assert Checkpoint(tmp_path, "new").load() == {}


def test_a_removed_checkpoint_is_not_resumed(tmp_path):
    checkpoint = Checkpoint(tmp_path, "done")
    checkpoint.save({"step": 1})
    assert checkpoint.load() == {"step": 1}
    checkpoint.remove()
    assert checkpoint.load() == {}


@pytest.mark.parametrize("content", [{"network": {}}, {"progress": {}}, [1], nn.Linear(2, 2)])
def test_a_foreign_checkpoint_is_refused_in_one_sentence(tmp_path, content):
    torch.save(content, tmp_path / "key.pt")
    with pytest.raises(StudyError, match=r"key\.pt is damaged or not a checkpoint .*; delete it"):
        Checkpoint(tmp_path, "key").load(network=nn.Linear(2, 2))
    (tmp_path / "key.pt").write_bytes((tmp_path / "key.pt").read_bytes()[:100])
    with pytest.raises(StudyError, match="delete it"):
        Checkpoint(tmp_path, "key").load()


def test_the_key_changes_with_settings_and_content_and_with_nothing_else(tmp_path):
    data, copy = tmp_path / "data", tmp_path / "copy"
    data.write_text("one")
    copy.write_text("one")
    key = checkpoint_key({"steps": 3, "seed": 0}, [data])
    assert checkpoint_key({"seed": 0, "steps": 3}, [copy]) == key
    assert checkpoint_key({"seed": 0, "steps": 4}, [data]) != key
    data.write_text("two")
    assert checkpoint_key({"steps": 3, "seed": 0}, [data]) != key


def test_steps_of_one_training_draw_different_numbers():
    draws = []
    for step in (0, 1, 0):
        seed_step(0, step)
        draws.append(torch.rand(1).item())
    assert draws[0] == draws[2] != draws[1]


def scheduled(kind, warmup=0, milestones=()):
    shared = {"batch_size": 1, "optimizer": "sgd", "learning_rate": 1, "weight_decay": 0}
    own = {"schedule": kind, "warmup": warmup, "milestones": milestones}
    return schedule(OptimizerSettings(**shared, **own), total=10)


def test_the_learning_rate_rises_and_then_follows_its_schedule():
    constant = scheduled("constant", warmup=3)
    assert [constant(step) for step in range(5)] == pytest.approx([0.25, 0.5, 0.75, 1, 1])
    cosine = scheduled("cosine")
    assert cosine(0) == 1
    assert cosine(5) == pytest.approx(0.5)
    assert cosine(10) == pytest.approx(0)
    steps = scheduled("steps", milestones=(4, 8))
    assert [steps(step) for step in (0, 3, 4, 7, 8)] == pytest.approx([1, 1, 0.1, 0.1, 0.01])


def test_an_unknown_schedule_is_an_error():
    with pytest.raises(StudyError, match="'linear'.*constant, cosine, steps"):
        scheduled("linear")
