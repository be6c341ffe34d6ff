"""What `gpu=` means to a run: a clean switch to the CPU, and no silent CPU run."""

from pathlib import Path

import pytest

TARGET = "results/small/detector/main/model.pt"


@pytest.fixture
def study(small_study):
    small_study.config["detection"]["training"]["steps"] = 2
    return small_study.write()


def log(study) -> str:
    return (study.folder / "logs/small/train_detector/main.log").read_text()


@pytest.mark.skipif(any(Path("/dev").glob("nvidia[0-9]*")), reason="this machine has a GPU")
def test_a_granted_gpu_that_cannot_be_used_stops_the_run_and_gpu_0_runs_on_the_cpu(
    study, monkeypatch
):
    # what a cluster sets when it grants a GPU
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    refused = study.snakemake(TARGET, "--resources", "gpu=1", check=False)
    assert refused.returncode != 0
    assert "cannot use it" in refused.stdout
    assert "--resources gpu=0" in refused.stdout
    assert not (study.folder / TARGET).exists()

    study.snakemake(TARGET, "--resources", "gpu=0")
    assert "running on the CPU with 2 threads" in log(study)
    assert "0 GPUs granted" in log(study)


@pytest.mark.skipif(any(Path("/dev").glob("nvidia[0-9]*")), reason="this machine has a GPU")
def test_a_machine_without_a_gpu_runs_the_same_command_on_the_cpu(study):
    study.snakemake(TARGET, "--resources", "gpu=1")
    assert "no GPU on this machine" in log(study)


def test_an_embedding_asks_for_a_gpu_where_the_config_does(study):
    target = "results/small/embedding/cells.parquet"
    for wanted in (False, True):
        study.config["embedding"]["gpu"] = wanted
        plan = study.write().snakemake("--dry-run", target).stdout
        job = plan.partition("rule embed_cells:")[2].partition("\n\n")[0]
        assert ("gpu=1" in job) == wanted
