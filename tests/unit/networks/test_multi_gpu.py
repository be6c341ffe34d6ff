"""Several processes train what one process would, with the same global batch."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[3] / "workflow/scripts"

START = """
import json, os, sys, time
from pathlib import Path
import numpy as np
import torch
from torch import nn
from cellpheno.networks import multi_gpu
from cellpheno.networks.training import Checkpoint
torch.set_num_threads(1)
MEMBERS, CPU = int(os.environ["MEMBERS"]), torch.device("cpu")
"""

CLASSIFIER = """
from cellpheno.networks.backbones import Classifier
from cellpheno.networks.backbones import ModelSettings
from cellpheno.classification.training import Trainer
from cellpheno.classification.training import TrainingSettings
settings = TrainingSettings(
    validation="fields", epochs=3, batch_size=8, optimizer="adamw", learning_rate=0.01,
    weight_decay=0.01, schedule="cosine", warmup=2, milestones=[], label_smoothing=0.0,
    balance=True, flips=True, quarter_turns=True,
)
crops = np.random.default_rng(0).integers(0, 255, (48, 16, 16, 3), dtype=np.uint8)
labels = np.arange(48) % 3
crops[np.arange(48), ..., labels] //= 3
torch.manual_seed(0)
layers = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU())
model = Classifier(
    layers, nn.Identity(), 8, 3, [0.4] * 3, [0.3] * 3, ModelSettings("small", dropout=0.0)
)
with multi_gpu.team(CPU, MEMBERS):
    rows = (np.arange(40), np.arange(40, 48))
    trainer = Trainer(model, crops, labels, rows, settings, 5, CPU)
    history = trainer.run(["a", "b", "c"], {}, Checkpoint("classifier", "key"), save_every=0)
"""

DETECTOR = """
from cellpheno.detection import training
from cellpheno.detection.coco import TileSet
random = np.random.default_rng(0)
images = [random.integers(0, 60, (64, 64, 3), dtype=np.uint8) for _ in range(4)]
for image in images:
    image[4:24, 4:24] = 230
boxes = [np.array([[4, 4, 24, 24]], dtype=np.float32) for _ in images]
tiles = TileSet([str(n) for n in range(4)], images, boxes)
settings = training.Settings(
    steps=4, batch_size=2, optimizer="sgd", learning_rate=0.002, weight_decay=0.0,
    schedule="constant", warmup=2, milestones=(), scales=(1.0, 1.0), quarter_turns=True,
    flips="both", max_gradient_norm=5.0,
)
names = {"backend": "torchvision", "backbone": "resnet18_small", "weights": None}
model = {**names, "architecture": "retinanet"}
with multi_gpu.team(CPU, MEMBERS):
    detector, history = training.train(
        tiles, tiles, ["red", "green", "blue"], model, settings, 0,
        Checkpoint("detector", "key"), CPU, save_every=0,
    )
model = detector.network
"""

END = """
values = {"/".join(map(str, row[:4])): row[4] for row in history.itertuples(index=False)}
weights = {name: value.double().sum().item() for name, value in model.state_dict().items()}
Path("processes.txt").open("a").write("wrote\\n")
Path("result.json").write_text(json.dumps([values, weights]))
"""


def start(folder, members, *parts):
    folder.mkdir()
    (folder / "script.py").write_text("".join([START, *parts]))
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS), "MEMBERS": str(members)}
    return subprocess.Popen(
        [sys.executable, "script.py"],
        cwd=folder,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def finished(folder, process):
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    assert (folder / "processes.txt").read_text() == "wrote\n"  # by one process alone
    return json.loads((folder / "result.json").read_text())


@pytest.mark.parametrize("kind", ["classifier", "detector"])
def test_two_processes_give_the_losses_and_weights_of_one(tmp_path, kind):
    parts = [{"classifier": CLASSIFIER, "detector": DETECTOR}[kind], END]
    both = {members: start(tmp_path / str(members), members, *parts) for members in (1, 2)}
    losses, weights = finished(tmp_path / "1", both[1])
    losses_of_two, weights_of_two = finished(tmp_path / "2", both[2])
    assert any("loss" in key for key in losses)
    assert losses_of_two == pytest.approx(losses, abs=1e-5, nan_ok=True)
    assert weights_of_two == pytest.approx(weights, abs=1e-3, rel=1e-4)
    assert (tmp_path / "2" / kind / "history.tsv").exists()


def test_two_processes_that_draw_on_their_own_do_not_learn_the_same_twice(tmp_path):
    """Dropout and the detector's sampling differ between the parts of a batch."""
    code = """
with multi_gpu.team(CPU, MEMBERS):
    torch.manual_seed(0)
    alike = multi_gpu.whole(torch.rand(1))
    multi_gpu.seed_apart(0, 1)
    apart = multi_gpu.whole(torch.rand(1))
    part = multi_gpu.share(torch.arange(6))
    joined = multi_gpu.whole(part)
Path("processes.txt").open("a").write("wrote\\n")
Path("result.json").write_text(json.dumps([x.tolist() for x in (alike, apart, part, joined)]))
"""
    alike, apart, part, joined = finished(tmp_path / "two", start(tmp_path / "two", 2, code))
    assert alike[0] == alike[1]
    assert apart[0] != apart[1]
    assert part == [0, 1, 2]
    assert joined == [0, 1, 2, 3, 4, 5]


FAILS = """
from cellpheno.core.errors import StudyError
with multi_gpu.team(CPU, MEMBERS):
    Path(f"{multi_gpu.rank()}.pid").write_text(str(os.getpid()))
    WHAT
    multi_gpu.mean(torch.zeros(1))
    time.sleep(100)
"""


@pytest.mark.parametrize("what", ["if multi_gpu.rank(): os._exit(3)", "multi_gpu.share([1, 2, 3])"])
def test_when_one_process_fails_all_end(tmp_path, what):
    process = start(tmp_path / "two", 2, FAILS.replace("WHAT", what))
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1, output


def gone(process):
    status = Path(f"/proc/{process}/status")
    return not status.exists() or "State:\tZ" in status.read_text()


def test_when_the_first_process_is_killed_the_others_end(tmp_path):
    folder = tmp_path / "two"
    process = start(folder, 2, FAILS.replace("WHAT", ""))
    while not all((folder / f"{n}.pid").exists() for n in (0, 1)):
        assert process.poll() is None
        time.sleep(0.1)
    time.sleep(0.2)
    other = int((folder / "1.pid").read_text())
    os.kill(int((folder / "0.pid").read_text()), signal.SIGKILL)
    process.communicate(timeout=60)
    for _ in range(200):
        if gone(other):
            return
        time.sleep(0.1)
    os.kill(other, signal.SIGKILL)
    raise AssertionError("the second process lives on")
