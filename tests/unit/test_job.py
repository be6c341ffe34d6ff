"""What a job gets from Snakemake, tried in processes of their own: it redirects output."""

import multiprocessing
import queue
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from cellpheno import job

SCRIPTS = Path(__file__).parents[2] / "workflow/scripts"

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
from cellpheno import job
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


DEVICE = "with job.device(snakemake) as device:\n    print('device:', device)"


def test_all_output_goes_to_the_log(tmp_path):
    code = "import os; print('from python'); os.system('echo from a child')"
    done, log = run(tmp_path, code)
    assert done.returncode == 0
    assert "from python" in log
    assert "from a child" in log
    assert done.stdout == done.stderr == ""


def test_a_mistake_of_the_user_ends_in_its_sentence_alone(tmp_path):
    code = "from cellpheno.errors import StudyError\nraise StudyError('Field a is empty.')"
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
    assert "cannot use one" in log
    assert "--resources gpu=0" in done.stderr
    assert "\ndevice:" not in log


def _hold(folder, got, release):
    with job.gpu_lease(Path(folder), ["0", "1"], poll_seconds=0.05) as device:
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


def _die_holding(folder, ready):
    with job.gpu_lease(Path(folder), ["0"], poll_seconds=0.05):
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
    with job.gpu_lease(tmp_path, ["0"], poll_seconds=0.05) as device:
        assert device == "0"
    assert time.monotonic() - began < 10
