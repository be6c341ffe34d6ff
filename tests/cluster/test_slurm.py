"""The workflow on a real SLURM of one node: what SLURM itself recorded, and a node that is lost."""

import subprocess
import sys
import time
from pathlib import Path

import one_node
import pytest
import yaml
from conftest import ROOT, Study

pytestmark = pytest.mark.slow

BY_GRES = {"train_classifier", "classify_cells", "explain_cells"}
"""GPU rules that ask as clusters want it that know --gres but not --gpus."""
GPU_RULES = BY_GRES | {"train_detector", "compare_detectors", "detect_cells"}
RESULTS = (
    "cells.parquet",
    "grad_cam/cells.parquet",
    "metrics/detectors.tsv",
    "statistics/tests.tsv",
)
MODEL = "classifier/main/seed0/model.pt"
MINUTES = 10


@pytest.fixture
def slurm():
    """SLURM on this machine, stopped after the test; skips where it cannot be started."""
    reason = one_node.obstacle()
    if reason:
        pytest.skip(f"no SLURM can be started here: {reason}")
    one_node.start()
    yield one_node
    one_node.stop()


def site_profile(folder: Path) -> Path:
    """Write the repository's SLURM profile with what a site fills in."""
    profile = yaml.safe_load((ROOT / "profiles/slurm/profile.yaml").read_text())
    profile["slurm-status-command"] = "squeue"  # no accounting
    profile["slurm-init-seconds-before-status-checks"] = 2
    profile["slurm-keep-successful-logs"] = True
    profile["latency-wait"] = 5
    profile["default-resources"]["slurm_partition"] = "cpu"
    profile["set-resources"] = {
        rule: {"slurm_partition": "gpu", "gpu": 0, "gres": "gpu:1"}
        if rule in BY_GRES
        else {"slurm_partition": "gpu", "gpu_model": "h200"}
        for rule in sorted(GPU_RULES)
    }
    folder.mkdir()
    (folder / "profile.yaml").write_text(yaml.safe_dump(profile))
    return folder


def submit(study: Study, profile: Path, log: Path, *more: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(study.snakefile)]
    command += [f"results/small/{name}" for name in (*RESULTS, *more)]
    command += ["--configfile", "study.yaml", "--workflow-profile", str(profile)]
    with log.open("w") as stream:
        return subprocess.Popen(command, cwd=study.folder, stdout=stream, stderr=stream)


def finished(process: subprocess.Popen, log: Path) -> str:
    assert process.wait(timeout=60 * MINUTES) == 0, log.read_text()[-10000:]
    return log.read_text()


def rule_of(job: dict[str, str]) -> str:
    """Return the rule of a job, from the comment that the executor gives it."""
    return job["Comment"].removeprefix("rule_").partition("_wildcards")[0]


def gpus_of(job: dict[str, str]) -> int:
    """Return how many GPUs SLURM gave to a job."""
    given = job.get("JOB_GRES", "(null)")
    return 0 if given == "(null)" else sum(int(part.split(":")[-1]) for part in given.split(","))


def test_each_gpu_rule_holds_a_gpu_and_no_cpu_rule_does_and_a_lost_node_changes_nothing(
    slurm, tmp_path, tiny_config, small_rows
):
    # a GPU of this cluster computes nothing
    tiny_config["compute"]["device"] = "cpu"
    tiny_config["detectors"] = {"main": {}, "retinanet": {"model": {"architecture": "retinanet"}}}
    studies = [Study(tmp_path / name, tiny_config) for name in ("local", "slurm")]
    for study in studies:
        study.folder.mkdir()
        study.write_fields(small_rows)
        study.write()
    local, remote = studies
    local.snakemake(*(f"results/small/{name}" for name in RESULTS), "--resources", "gpu=1")

    profile, log = site_profile(tmp_path / "profile"), tmp_path / "log.txt"
    finished(submit(remote, profile, log), log)
    jobs = slurm.jobs()
    assert {job["JobState"] for job in jobs} == {"COMPLETED"}
    rules = {rule_of(job) for job in jobs}
    assert rules > GPU_RULES
    for job in jobs:
        rule = rule_of(job)
        assert gpus_of(job) == (rule in GPU_RULES), (rule, job)
        assert job["Partition"] == ("gpu" if rule in GPU_RULES else "cpu")
        if rule in BY_GRES:
            assert job["TresPerNode"] == "gres:gpu:1"
        elif rule in GPU_RULES:
            assert job["TresPerJob"] == "gres:gpu:h200:1"
    assert remote.tables() == local.tables()

    # a node is lost while it trains; it comes back after SLURM has given it up
    (remote.results / MODEL).unlink()
    process = submit(remote, profile, log, MODEL)
    wait_for(lambda: "RUNNING" in states(slurm, "train_classifier"), process, log)
    time.sleep(2)
    slurm.lose_node()
    wait_for(lambda: "NODE_FAIL" in states(slurm, "train_classifier"), process, log)
    slurm.start_node()
    output = finished(process, log)
    assert "NODE_FAIL" in output
    assert states(slurm, "train_classifier") == ["COMPLETED", "NODE_FAIL", "COMPLETED"]
    assert remote.tables() == local.tables()


def states(slurm, rule):
    """Return the states of a rule's jobs, in the order in which they were submitted."""
    jobs = sorted(slurm.jobs(), key=lambda job: int(job["JobId"]))
    return [job["JobState"] for job in jobs if rule_of(job) == rule]


def wait_for(condition, process, log, seconds=120):
    for _ in range(seconds * 2):
        if condition():
            return
        assert process.poll() is None, log.read_text()[-10000:]
        time.sleep(0.5)
    raise AssertionError(log.read_text()[-10000:])
