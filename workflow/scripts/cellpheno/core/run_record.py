"""The record of a run, for those who want to repeat it.

Versions, config, seeds and the hashes of inputs and results are the same in every run of a study;
devices, durations and the date differ and are kept apart in `varying`. Nothing depends on the
record, so that a difference never reruns a rule.
"""

import csv
import hashlib
import json
import platform
import re
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

RESULTS = (".tsv", ".parquet")
"""Suffixes of the results whose hashes are recorded."""
DEVICE = re.compile(r"cellpheno\.gpu: running on (.+)")
VERSION = 1
WORKFLOW = Path(__file__).parents[3]


def record(
    config: dict[str, Any], inputs: Iterable[str | Path], results: Path, logs: Path
) -> dict[str, Any]:
    """Return the record of a run as plain lists, dictionaries, numbers and strings.

    `inputs` are the files and folders other than raw images; `results` and `logs` are folders.
    """
    return {
        "version": VERSION,
        "study": config["study"],
        "config": config,
        "seeds": {"study": config["seed"], "classifiers": config["seeds"]},
        "workflow": checkout(WORKFLOW),
        "software": software(Path(".snakemake/conda")),
        "inputs": {str(path): content_hash(path) for path in inputs},
        "raw_images": raw_images(results / "qc/fields.tsv"),
        "results": tables(results),
        "varying": {
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": f"{platform.node()}, {platform.platform()}",
            "devices": devices(logs),
            "jobs": durations(results / "benchmarks"),
        },
    }


def content_hash(path: str | Path) -> str:
    """Return the SHA-256 of a file, or that of the names and contents of a folder's files."""
    path = Path(path)
    if path.is_file():
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    digest = hashlib.sha256()
    for part in sorted(part for part in path.rglob("*") if part.is_file()):
        digest.update(f"{part.relative_to(path)}\0{content_hash(part)}\0".encode())
    return digest.hexdigest()


def tables(results: Path) -> dict[str, str]:
    """Return the hash of every table of a study by its name, except of tables with times."""
    return {
        str(path.relative_to(results)): content_hash(path)
        for path in sorted(results.rglob("*"))
        if path.suffix in RESULTS
        and not {"benchmarks", "checkpoints", "raw"} & set(path.relative_to(results).parts)
    }


def raw_images(quality: Path) -> dict[str, str]:
    """Return the hash of each field's raw pixels, as recorded by the conversion."""
    with quality.open(newline="") as stream:
        return {row["field"]: row["content"] for row in csv.DictReader(stream, delimiter="\t")}


def checkout(folder: Path) -> dict[str, Any]:
    """Return the hash of the workflow's code and, if git knows them, its commit and state."""
    found: dict[str, Any] = {"code": code_hash(folder)}
    commit = _git(folder, "rev-parse", "HEAD")
    if commit:
        found["commit"] = commit
        found["edited"] = bool(_git(folder, "status", "--porcelain", "--", "workflow"))
    return found


def code_hash(folder: Path) -> str:
    """Return the hash of the workflow's sources: rules, scripts, library, schemas."""
    digest = hashlib.sha256()
    endings = (".py", ".smk", ".yaml")
    for path in sorted((folder / "workflow").rglob("*")):
        if path.suffix in endings:
            digest.update(f"{path.relative_to(folder)}\0{content_hash(path)}\0".encode())
    return digest.hexdigest()


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def software(environments: Path) -> dict[str, Any]:
    """Return every package and its version in this Python and in each conda environment."""
    packages = {each.metadata["Name"]: each.version for each in metadata.distributions()}
    return {
        "python": platform.python_version(),
        "packages": dict(sorted(packages.items(), key=lambda item: item[0].lower())),
        "conda": {
            folder.name: sorted(path.stem for path in (folder / "conda-meta").glob("*.json"))
            for folder in sorted(environments.glob("*"))
            if (folder / "conda-meta").is_dir()
        },
    }


def devices(logs: Path) -> dict[str, str]:
    """Return the device of each job of a GPU rule, from its log."""
    found = {}
    for path in sorted(logs.rglob("*.log")):
        used = DEVICE.findall(path.read_text(errors="replace"))
        if used:
            found[str(path.relative_to(logs).with_suffix(""))] = used[-1]
    return found


def durations(benchmarks: Path) -> dict[str, dict[str, float]]:
    """Return the seconds and the peak memory (MiB, 0 if not measured) of each job."""
    found = {}
    for path in sorted(benchmarks.rglob("*.tsv")):
        with path.open(newline="") as stream:
            rows = [row for row in csv.DictReader(stream, delimiter="\t") if "max_rss" in row]
        for row in rows:
            name = str(path.relative_to(benchmarks).with_suffix(""))
            found[name] = {"seconds": float(row["s"]), "peak_mib": _number(row["max_rss"])}
    return found


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def write(found: dict[str, Any], path: str | Path) -> None:
    """Write a record as readable JSON."""
    Path(path).write_text(json.dumps(found, indent=1, default=str) + "\n")
