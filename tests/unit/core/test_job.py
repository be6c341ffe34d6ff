"""The set-up of a job, in separate processes because it redirects output."""

import contextlib
import multiprocessing
import os
import queue
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from cellpheno.core import gpu
from cellpheno.core.errors import StudyError

SCRIPTS = Path(__file__).parents[3] / "workflow/scripts"

STAND_IN = """
import os, sys
from types import SimpleNamespace
class Resources(SimpleNamespace):
    def get(self, name, default=None):
        return getattr(self, name, default)
snakemake = SimpleNamespace(
    rule="train_detector", log=["job.log"],
    config={{"compute": {{"device": "{device}", "threads": 2}}}},
    resources=Resources(gpu={gpu}, tmpdir=os.getcwd()),
)
from cellpheno.core import gpu
from cellpheno.core import job
job.start(snakemake)
"""


def run(folder, code, device="auto", gpu=1, environment=None):
    script = STAND_IN.format(device=device, gpu=gpu) + textwrap.dedent(code)
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env={"PYTHONPATH": str(SCRIPTS), "PATH": "/usr/bin:/bin", **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    return done, (folder / "job.log").read_text()


DEVICE = "with gpu.device(snakemake) as device:\n    print('device:', device)"


def test_all_output_goes_to_the_log(tmp_path):
    code = "import os; print('from python'); os.system('echo from a child')"
    done, log = run(tmp_path, code)
    assert done.returncode == 0
    assert "from python" in log
    assert "from a child" in log
    assert done.stdout == done.stderr == ""


def test_a_mistake_of_the_user_ends_in_its_sentence_alone(tmp_path):
    code = "from cellpheno.core.errors import StudyError\nraise StudyError('Field a is empty.')"
    done, log = run(tmp_path, code)
    assert done.returncode == 1
    assert done.stderr == "train_detector: Field a is empty.\n"
    assert "Traceback" not in log
    assert "Field a is empty." in log


def test_a_mistake_of_ours_ends_with_a_traceback_in_the_log(tmp_path):
    done, log = run(tmp_path, "1 / 0")
    assert done.returncode == 1
    assert "ZeroDivisionError" in log


def test_threads_are_those_of_the_config_whatever_was_granted(tmp_path):
    code = DEVICE + "\nimport torch; print('threads:', torch.get_num_threads())"
    _, log = run(tmp_path, code, gpu=0, environment={"OMP_NUM_THREADS": "1"})
    assert "threads: 2" in log


def test_no_granted_gpu_means_the_cpu_even_where_one_is_visible(tmp_path):
    _, log = run(tmp_path, DEVICE, gpu=0, environment={"CUDA_VISIBLE_DEVICES": "0"})
    assert "device: cpu" in log


@pytest.mark.skipif(any(Path("/dev").glob("nvidia[0-9]*")), reason="this machine has a GPU")
def test_auto_is_the_cpu_on_a_machine_without_a_gpu(tmp_path):
    _, log = run(tmp_path, DEVICE)
    assert "device: cpu" in log
    assert "no GPU on this machine" in log


@pytest.mark.skipif(any(Path("/dev").glob("nvidia[0-9]*")), reason="this machine has a GPU")
@pytest.mark.parametrize(
    ("device", "environment"), [("auto", {"CUDA_VISIBLE_DEVICES": "0"}), ("cuda", {})]
)
def test_a_granted_gpu_that_torch_cannot_see_is_an_error(tmp_path, device, environment):
    done, log = run(tmp_path, DEVICE, device=device, environment=environment)
    assert done.returncode == 1
    assert "cannot use it" in log
    assert "--resources gpu=0" in done.stderr
    assert "\ndevice:" not in log


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Return a function that returns the GPU of a job on a machine that seems to have some."""
    torch = pytest.importorskip("torch")

    def chosen(device="auto", files=(), visible=None, gpus=1):
        environment = {} if visible is None else {gpu.VISIBLE: visible}
        monkeypatch.setattr(gpu.os, "environ", environment)
        monkeypatch.setattr(gpu, "_device_files", lambda: [Path("/dev") / name for name in files])
        seen = bool(files) and visible != ""
        monkeypatch.setattr(torch.cuda, "is_available", lambda: seen)
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "stand-in")
        snakemake = SimpleNamespace(
            config={"compute": {"device": device, "threads": torch.get_num_threads()}},
            resources={"gpu": gpus, "tmpdir": str(tmp_path)},
        )
        with gpu.device(snakemake) as held:
            return held.type, environment.get(gpu.VISIBLE)

    return chosen


def leases(folder):
    return {path.name.removesuffix(".lock") for path in folder.glob("cellpheno-gpu-*/*.lock")}


@contextlib.contextmanager
def held(folder, name):
    with gpu.gpu_lease(folder / f"cellpheno-gpu-{os.getuid()}", [name]):
        yield


def test_a_lone_gpu_is_the_first_whatever_the_number_of_its_device_file(machine):
    assert machine(files=["nvidia3"]) == ("cuda", "0")


def test_gpus_are_numbered_as_cuda_numbers_them(machine, tmp_path):
    files = [f"nvidia{n}" for n in (10, 2, 7)]
    with held(tmp_path, "0"), held(tmp_path, "1"):
        assert machine(files=files) == ("cuda", "2")


def test_of_several_listed_gpus_a_job_takes_one_that_no_other_holds(machine, tmp_path):
    files = [f"nvidia{n}" for n in range(4)]
    assert machine(files=files, visible="2,3") == ("cuda", "2")
    with held(tmp_path, "2"):
        assert machine(files=files, visible="2, 3") == ("cuda", "3")


def test_a_part_of_a_gpu_can_be_held(machine, tmp_path):
    assert machine(files=["nvidia0"], visible="MIG-GPU-a/1/0,MIG-GPU-a/2/0") == (
        "cuda",
        "MIG-GPU-a/1/0",
    )
    assert leases(tmp_path) == {"MIG-GPU-a_1_0"}


def test_the_one_gpu_a_scheduler_gave_is_taken_without_a_lease(machine, tmp_path):
    with held(tmp_path, "1"):
        assert machine(files=["nvidia0", "nvidia1"], visible="1") == ("cuda", "1")


def test_a_training_on_several_gpus_holds_several(machine, tmp_path):
    files = [f"nvidia{n}" for n in range(4)]
    with held(tmp_path, "1"):
        assert machine(files=files, gpus=2) == ("cuda", "0,2")
    assert machine(files=files, visible="3,1", gpus=2) == ("cuda", "3,1")


def test_more_gpus_than_the_machine_has_are_all_it_has(machine):
    assert machine(files=["nvidia0", "nvidia1"], gpus=4) == ("cuda", "0,1")


def test_further_processes_of_a_training_take_no_gpus_of_their_own(machine, tmp_path, monkeypatch):
    files = [f"nvidia{n}" for n in range(4)]
    monkeypatch.setattr(gpu, "RANK", gpu.VISIBLE)  # as if it were set
    assert machine(files=files, visible="0,1,2", gpus=2) == ("cuda", "0,1,2")
    assert leases(tmp_path) == set()


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ({"gpu": 2}, 2),
        ({"gpu": 0}, 0),
        ({}, 0),
        ({"gpu": 0, "gres": "gpu"}, 1),
        ({"gpu": 0, "gres": "gpu:3"}, 3),
        ({"gpu": 0, "gres": "gpu:h200"}, 1),
        ({"gpu": 0, "gres": "gpu:h200:2"}, 2),
        ({"gpu": 0, "gres": "shard:2"}, 0),
    ],
)
def test_granted_gpus_are_counted_by_either_of_slurms_names(resources, expected):
    assert gpu.granted_gpus(resources) == expected


@pytest.mark.parametrize("visible", ["", "-1", "NoDevFiles"])
def test_hidden_gpus_are_none_and_stay_hidden(machine, tmp_path, visible):
    assert machine(files=["nvidia0"], visible=visible) == ("cpu", visible)
    assert leases(tmp_path) == set()


def test_hidden_gpus_are_an_error_where_one_is_demanded(machine):
    with pytest.raises(StudyError, match="CUDA_VISIBLE_DEVICES='' hides every GPU"):
        machine("cuda", files=["nvidia0"], visible="")


def _hold(folder, got, release):
    with gpu.gpu_lease(Path(folder), ["0", "1"], poll_seconds=0.05) as [device]:
        got.put(device)
        release.wait(60)


def test_jobs_on_one_host_hold_different_gpus_and_the_third_waits(tmp_path):
    context = multiprocessing.get_context("spawn")
    got, release = context.Queue(), context.Event()
    jobs = [context.Process(target=_hold, args=(str(tmp_path), got, release)) for _ in range(3)]
    for process in jobs:
        process.start()
    assert {got.get(timeout=60), got.get(timeout=60)} == {"0", "1"}
    with pytest.raises(queue.Empty):
        got.get(timeout=2)
    release.set()
    assert got.get(timeout=60) in {"0", "1"}
    for process in jobs:
        process.join()


def _hold_two(folder, got):
    with gpu.gpu_lease(Path(folder), ["0", "1", "2"], count=2, poll_seconds=0.02) as devices:
        got.put(devices)
        time.sleep(0.2)


def test_jobs_that_hold_two_of_three_gpus_never_wait_for_each_other(tmp_path):
    context = multiprocessing.get_context("spawn")
    got = context.Queue()
    jobs = [context.Process(target=_hold_two, args=(str(tmp_path), got)) for _ in range(3)]
    for process in jobs:
        process.start()
    held = [got.get(timeout=60) for _ in jobs]
    assert all(len(set(devices)) == 2 for devices in held)
    for process in jobs:
        process.join()


def _die_holding(folder, ready):
    with gpu.gpu_lease(Path(folder), ["0"], poll_seconds=0.05):
        ready.put("held")
        time.sleep(60)


def test_a_gpu_is_free_again_when_its_job_is_killed(tmp_path):
    context = multiprocessing.get_context("spawn")
    ready = context.Queue()
    process = context.Process(target=_die_holding, args=(str(tmp_path), ready))
    process.start()
    assert ready.get(timeout=30) == "held"
    process.kill()
    process.join()
    began = time.monotonic()
    with gpu.gpu_lease(tmp_path, ["0"], poll_seconds=0.05) as held:
        assert held == ["0"]
    assert time.monotonic() - began < 10
