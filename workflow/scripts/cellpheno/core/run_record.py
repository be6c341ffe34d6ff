"""What somebody needs who must repeat a run, gathered when all results are there.

Versions, config, seeds and the hashes of what went in and of what came out are those of the study;
devices, durations and the date differ from run to run, and stand in sections of their own. No
result is made from this record, so that what varies in it never causes anything to be done again.
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
"""Endings of the results whose hashes are recorded: the tables."""
DEVICE = re.compile(r"cellpheno\.gpu: running on (.+)")
VERSION = 1
WORKFLOW = Path(__file__).parents[3]


def record(
    config: dict[str, Any], inputs: Iterable[str | Path], results: Path, logs: Path
) -> dict[str, Any]:
    """Return the record of a run as plain lists, dictionaries, numbers and texts.

    Parameters
    ----------
    config
        The complete config.
    inputs
        Files and folders, beside raw images, that the study was made from.
    results, logs
        The study's folders.
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
    """Return the hash of every table of a study, by its name; not of tables that hold times."""
    return {
        str(path.relative_to(results)): content_hash(path)
        for path in sorted(results.rglob("*"))
        if path.suffix in RESULTS
        and not {"benchmarks", "checkpoints", "raw"} & set(path.relative_to(results).parts)
    }


def raw_images(quality: Path) -> dict[str, str]:
    """Return the hash of each field's raw pixels, which the conversion has taken."""
    with quality.open(newline="") as stream:
        return {row["field"]: row["content"] for row in csv.DictReader(stream, delimiter="\t")}


def checkout(folder: Path) -> dict[str, Any]:
    """Return commit and state of the workflow, as far as git tells, and the hash of its code."""
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
    """Return every package and its version: of this Python, and of each conda environment."""
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
    """Return what each job of a GPU rule computed on, from its log."""
    found = {}
    for path in sorted(logs.rglob("*.log")):
        told = DEVICE.findall(path.read_text(errors="replace"))
        if told:
            found[str(path.relative_to(logs).with_suffix(""))] = told[-1]
    return found


def durations(benchmarks: Path) -> dict[str, dict[str, float]]:
    """Return seconds and peak memory (MiB, 0 where a job was too short) of each job."""
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
    """Write a record as JSON that a person can read."""
    Path(path).write_text(json.dumps(found, indent=1, default=str) + "\n")
