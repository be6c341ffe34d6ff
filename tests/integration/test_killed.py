"""Killed at any moment, the same command goes on and ends with the same tables."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import Study

pytestmark = pytest.mark.slow

RESULTS = ("cells.parquet", "grad_cam/cells.parquet", "statistics/tests.tsv")
KILLS = 20
TRIES = 10 * KILLS
SEED = 20261125

# what is killed: the rules whose jobs are meant (none: Snakemake itself), what they make, and how
VICTIMS = {
    "Snakemake": ((), "*/**/*.parquet", "SIGKILL"),
    "a training": (("train_detector", "train_classifier"), "*/**/model.pt", "SIGKILL"),
    "an inference": (("detect_cells", "classify_cells"), "*ctions/**/*.parquet", "SIGKILL"),
    "a writer": (("convert_fields", "cut_tiles", "cut_crops"), "converted/*.npz", "SIGKILL"),
    "a preempted training": (("train_detector", "train_classifier"), "*/**/model.pt", "SIGTERM"),
}


def start(study: Study, *targets: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(study.snakefile)]
    command += [f"results/small/{name}" for name in dict.fromkeys(targets or RESULTS)]
    command += ["--configfile", "study.yaml", "--cores", "2", "--resources", "gpu=1"]
    with (study.folder / "log.txt").open("w") as log:
        return subprocess.Popen(command, cwd=study.folder, stdout=log, stderr=log)


def jobs(study: Study, rules: tuple[str, ...]) -> list[int]:
    """Return the processes that run a script of these rules in the study's folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (path / "cmdline").read_bytes().decode().split("\0")
            scripts = [word for word in words[1:2] if "/.snakemake/scripts/" in word]
            if scripts and str(study.folder) in scripts[0]:
                rule = scripts[0].split(".")[-2]
                if not rules or rule in rules:
                    found.append(int(path.name))
    return found


def kill(process: int, how: str) -> None:
    with contextlib.suppress(ProcessLookupError):
        if how == "SIGTERM":  # as a scheduler does: a word first
            os.kill(process, signal.SIGTERM)
            time.sleep(0.3)
        os.kill(process, signal.SIGKILL)


def disturb(study: Study, undisturbed: Study, what: str, chance: random.Random) -> bool:
    """Start the command, kill something on the way, and return whether there was anything."""
    rules, made, how = VICTIMS[what]
    # Something to do for those who shall be killed, also when all is there. What lies between is
    # not missed while the results are there, so that it is asked for by its name.
    lost = chance.choice(sorted(undisturbed.results.glob(made))).relative_to(undisturbed.results)
    (study.results / lost).unlink(missing_ok=True)
    complete = all((study.results / name).exists() for name in RESULTS)
    process = start(study, str(lost), *([] if complete else RESULTS))
    while process.poll() is None and not (running := jobs(study, rules)):
        time.sleep(0.02)
    if process.poll() is not None:
        return False
    # a job takes two to six seconds, half of them for imports
    time.sleep(chance.uniform(0, 5))
    if rules:
        alive = [job for job in running if job in jobs(study, rules)]
        for job in alive:
            kill(job, how)
        process.wait(timeout=300)
        return bool(alive)
    # its jobs live on, and the next run meets them
    alive = process.poll() is None
    kill(process.pid, how)
    process.wait()
    study.snakemake("--unlock")
    return alive


@pytest.fixture
def studies(tmp_path, tiny_config, small_rows):
    """The same study in two folders."""
    made = {name: Study(tmp_path / name, tiny_config) for name in ("undisturbed", "killed")}
    for study in made.values():
        study.folder.mkdir()
        study.write_fields(small_rows)
        study.write()
    return made


def test_twenty_kills_at_random_moments_change_no_table(studies):
    undisturbed, study = studies["undisturbed"], studies["killed"]
    assert start(undisturbed).wait() == 0, (undisturbed.folder / "log.txt").read_text()
    expected = undisturbed.tables()
    chance, killed = random.Random(SEED), []
    for _ in range(TRIES):
        if len(killed) == KILLS:
            break
        fewest = min(map(killed.count, VICTIMS))
        what = chance.choice([name for name in VICTIMS if killed.count(name) == fewest])
        if disturb(study, undisturbed, what, chance):
            killed.append(what)
            print(f"kill {len(killed)}: {what}")
        # whatever bears a final name is whole
        differing = {name for name, value in study.tables().items() if expected[name] != value}
        assert differing == set(), killed
    assert len(killed) == KILLS, killed
    assert set(killed) == set(VICTIMS)
    lost = sorted(set(expected) - set(study.tables()))
    assert start(study, *RESULTS, *lost).wait() == 0, (study.folder / "log.txt").read_text()
    while jobs(study, ()):  # orphans of a killed Snakemake
        time.sleep(0.1)
    assert study.tables() == expected


def test_a_disk_that_was_full_changes_no_table(studies, small_disk):
    targets = ["results/small/tiles/composite", "results/small/splits.tsv", "--resources", "gpu=1"]
    undisturbed, study = studies["undisturbed"], studies["killed"]
    undisturbed.snakemake(*targets)
    small_disk(study.results, 1200)
    refused = study.snakemake(*targets, check=False)
    assert refused.returncode
    assert "the disk is full" in refused.stdout
    command = ["mount", "-o", "remount,size=64m", str(study.results)]
    subprocess.run(command, check=True)
    study.snakemake(*targets)
    assert study.tables() == undisturbed.tables()
