"""Studies small enough for a test, and Snakemake run on them as a user would run it."""

import concurrent.futures
import copy
import ctypes
import dataclasses
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from cellpheno.study import configuration, schema_defaults

ROOT = Path(__file__).parents[1]

# no test depends on what a site has downloaded, or on a network
os.environ["CELLPHENO_WEIGHTS"], os.environ["CELLPHENO_OFFLINE"] = "no-weights", "1"


@dataclasses.dataclass
class Study:
    """A folder with a config and a sample sheet, on which the repository's workflow is run."""

    folder: Path
    config: dict[str, Any]
    snakefile: Path = ROOT / "Snakefile"

    @property
    def results(self) -> Path:
        return self.folder / "results" / self.config["study"]

    def tables(self) -> dict[str, str]:
        """Return the hash of every result by its name: all but pictures, models and times."""
        return {
            str(path.relative_to(self.results)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.results.rglob("*"))
            if path.suffix in (".tsv", ".parquet", ".npy", ".npz")
            and not {"benchmarks", "checkpoints"} & set(path.parts)
        }

    def write(self) -> "Study":
        (self.folder / "study.yaml").write_text(yaml.safe_dump(self.config, sort_keys=False))
        return self

    def write_fields(self, rows: list[dict[str, str]]) -> None:
        frame = pd.DataFrame(rows)
        frame.to_csv(self.folder / self.config["fields"], sep="\t", index=False)

    def snakemake(self, *arguments: str, cores: int = 2, check: bool = True):
        """Run Snakemake in the study's folder; its output is in `stdout`."""
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(self.snakefile)]
        command += ["--configfile", "study.yaml", "--cores", str(cores), *arguments]
        done = subprocess.run(
            command,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            env={**os.environ, "OMP_WAIT_POLICY": "PASSIVE"},
        )
        if check and done.returncode:
            raise AssertionError(done.stdout[-10000:])
        return done

    def planned(self, *arguments: str) -> dict[str, int]:
        """Return how many jobs of each rule a dry run plans."""
        output = self.snakemake("--dry-run", *arguments).stdout
        if "Nothing to be done" in output:
            return {}
        lines = iter(output.splitlines())
        for line in lines:
            if line.startswith("job ") and line.split()[1] == "count":
                next(lines)
                break
        counts = {}
        for line in lines:
            if not line.strip() or line.startswith("total"):
                break
            rule, count = line.split()
            counts[rule] = int(count)
        return counts


def another_checkout(folder: Path, date: float) -> Path:
    """Copy the workflow into a folder as of a date, and return its Snakefile."""
    folder.mkdir(exist_ok=True)
    for name in ("Snakefile", "workflow", "envs", "profiles", "resources"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    for path in folder.rglob("*"):
        os.utime(path, (date, date))
    return folder / "Snakefile"


@pytest.fixture(scope="session")
def default_config() -> dict[str, Any]:
    """The default study's config, with what the schema fills in."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    schema = configuration.load_schema(ROOT / "workflow/schemas/config.schema.yaml")
    schema_defaults.fill(config, schema, schema)
    return config


@pytest.fixture
def small_config(default_config) -> dict[str, Any]:
    """The default study's config, shrunk until a dry run or a few rules take seconds."""
    config = copy.deepcopy(default_config)
    config.update(study="small", fields="fields.tsv", data_root="results/small/raw")
    config.update(fields_per_shard=4, detectors={"main": {}}, experiments={"main": {}})
    config["simulation"].update(height=192, width=256, cells_per_field=8, faults={})
    config["simulation"]["annotators"] = []
    config["annotations"]["further_annotators"] = []
    config["statistics"]["exclude_conditions"] = []
    return config


@pytest.fixture
def tiny_config(small_config) -> dict[str, Any]:
    """A study whose jobs take a second or two each, for tests that run nearly all of them."""
    config = copy.deepcopy(small_config)
    config.update(classes=["non-CIC", "one-in-one"], class_groups={})
    config["simulation"].update(height=192, width=192, cells_per_field=12, cell_lines={})
    half = {"one-in-one": 0.5}
    config["simulation"]["frequencies"] = dict.fromkeys(["annotated", "control", "mock"], half)
    config["statistics"]["exclude_classes"] = []
    config["statistics"]["null_experiments"] = 0
    config["label_errors"]["enabled"] = False
    config["tiles"].update(rows=1, columns=1)
    config["detection"]["training"].update(steps=30, batch_size=2)
    config["classification"]["crops"].update(source="annotations", size=32)
    config["calls"]["min_score"] = 0.05
    config["classification"]["training"].update(epochs=2, batch_size=8)
    config["embedding"].update(perplexity=5, neighbors=5)
    return config


@pytest.fixture
def small_rows() -> list[dict[str, str]]:
    """Sample sheet of a small simulated study: 3 slides annotated, 2 conditions x 2 replicates."""
    rows = [("annotated", f"slide-{n}") for n in (1, 2, 3)]
    rows += [(condition, f"r{n}") for condition in ("control", "mock") for n in (1, 2)]
    return [
        {
            "field": f"{condition}-{replicate}",
            "condition": condition,
            "replicate": replicate,
            "group": f"{condition}-{replicate}",
            **{
                c: f"{condition}-{replicate}_{c}.tif"
                for c in ("membrane", "nucleus", "brightfield")
            },
        }
        for condition, replicate in rows
    ]


@pytest.fixture
def small_study(tmp_path, small_config, small_rows) -> Study:
    """A small simulated study, not yet run."""
    study = Study(tmp_path, small_config)
    study.write_fields(small_rows)
    return study.write()


@pytest.fixture
def mini_study(tmp_path):
    """A study of twelve tiny fields of real files, not yet run (`support/mini_study.py`)."""
    from mini_study import MiniStudy

    return MiniStudy(tmp_path)


@pytest.fixture
def ordinary_user():
    """Calls a function as a user whom file permissions bind, also where root runs the tests.

    The function and the processes it starts run in a thread without the two powers of root that
    pass over permissions (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH; capabilities(7)).
    """

    def give_up_powers() -> None:
        if os.geteuid():
            return
        libc = ctypes.CDLL(None, use_errno=True)
        powers = (1, 2)
        header, data = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
        done = [libc.prctl(24, power, 0, 0, 0) for power in powers]  # what a new program may have
        done.append(libc.capget(header, data))
        for position in (0, 1):  # what this thread has, and what it may take back
            data[position] &= ~sum(1 << power for power in powers)
        done.append(libc.capset(header, data))
        if any(done):
            pytest.skip("file permissions do not bind the user who runs the tests")

    def call(function, *arguments):
        with concurrent.futures.ThreadPoolExecutor(1) as thread:
            thread.submit(give_up_powers).result()
            return thread.submit(function, *arguments).result()

    return call


@pytest.fixture
def small_disk():
    """Mounts a disk of some kilobytes on a folder; skips the test for a user who may not mount."""
    mounted = []

    def mount(folder: Path, kilobytes: int) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder)]
        if (
            not shutil.which("mount")
            or subprocess.run(command, capture_output=True, check=False).returncode
        ):
            pytest.skip("mounting a small disk takes rights that this user does not have")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        # an array in memory may hold on to a file for a while
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
