"""Time the planning of a large study: how many jobs, how long, how much memory.

    python benchmarks/plan_study.py --help

Makes a study of many fields with three channels (the image files are empty: planning only looks
whether they are there), and dry-runs the workflow on it, each way in a process of its own:

- `shards`: as the workflow plans it;
- `again`: the same when all results are there (as empty files) and nothing is to be done;
- `per field`: one job for each field and step, as a workflow without shards plans it. As this
  takes long, it is done on fewer fields (`--naive-fields`).
"""

import argparse
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.folders import work_folder
from cellpheno.core.files import whole

ROOT = Path(__file__).parents[1]
CHANNELS = ["membrane", "nucleus", "brightfield"]
CONDITIONS = ["untreated", "drug"]
RESULTS = Path(__file__).parent / "results"

NAIVE = """
FIELDS = [f"f{n:06d}" for n in range(%d)]
rule all:
    input: expand("cells/{field}.parquet", field=FIELDS)
rule convert:
    input: expand("raw/{{field}}_{channel}.tif", channel=["membrane", "nucleus", "brightfield"])
    output: "converted/{field}.npz"
    shell: "touch {output}"
rule detect:
    input: "converted/{field}.npz"
    output: "detections/{field}.parquet"
    shell: "touch {output}"
rule classify:
    input: "converted/{field}.npz", "detections/{field}.parquet"
    output: "cells/{field}.parquet"
    shell: "touch {output}"
"""


def main() -> None:
    """Measure what the command line asks for, print the table and write it."""
    options = _options()
    rows = []
    with work_folder(options.folder) as folder:
        make_study(folder, options.fields, options.experiments)
        rows += measured("shards", folder, options.fields)
        if options.again:
            pretend_done(folder)
            rows += measured("again", folder, options.fields)
    with work_folder(options.folder) as folder:
        count = options.naive_fields
        if count:
            make_files(folder, count)
            (folder / "Snakefile").write_text(NAIVE % count)
            rows += measured("per field", folder, count, naive=True)
    table = pd.DataFrame(rows, columns=["way", "fields", "what", "value", "unit"])
    print(table.to_string(index=False))
    with whole(options.table) as temporary:
        table.to_csv(temporary, sep="\t", index=False)


def make_files(folder: Path, count: int) -> list[str]:
    """Make empty image files, and return the names of the fields."""
    (folder / "raw").mkdir()
    names = [f"f{number:06d}" for number in range(count)]
    for name in names:
        for channel in CHANNELS:
            os.close(os.open(folder / f"raw/{name}_{channel}.tif", os.O_CREAT | os.O_WRONLY))
    return names


def make_study(folder: Path, count: int, experiments: int) -> None:
    """Write a config and a sample sheet: a twentieth of the fields is annotated."""
    names = make_files(folder, count)
    sheet = pd.DataFrame({"field": names})
    number = sheet.index
    sheet["condition"] = [CONDITIONS[n % 2] for n in number]
    sheet["replicate"] = [f"r{n // 2 % 6}" for n in number]
    sheet["group"] = [f"well-{n // 10}" for n in number]
    sheet["split"] = ["" if n < count // 20 else "predict" for n in number]
    for channel in CHANNELS:
        sheet[channel] = sheet["field"] + f"_{channel}.tif"
    sheet.to_csv(folder / "fields.tsv", sep="\t", index=False)
    boxes = ["image,x_min,y_min,x_max,y_max,label"]
    boxes += [
        f"{name},{10 + 40 * n},10,{40 + 40 * n},40,{'normal' if n else 'blebbing'}"
        for name in names[: count // 20]
        for n in range(2)
    ]
    (folder / "raw/boxes.csv").write_text("\n".join(boxes))
    config = {
        "study": "large",
        "protocol": "corrected",
        "fields": "fields.tsv",
        "data_root": "raw",
        "channels": CHANNELS,
        "composite": {"red": "membrane", "green": "brightfield", "blue": "nucleus"},
        "annotations": {"format": "csv", "files": ["boxes.csv"]},
        "classes": ["normal", "blebbing"],
        "negative_class": "normal",
        "statistics": {"control": "untreated"},
        "experiments": {f"network-{n}": {} for n in range(experiments)},
    }
    (folder / "study.yaml").write_text(yaml.safe_dump(config))


def pretend_done(folder: Path) -> None:
    """Let Snakemake take every result for made: `--touch` needs files, so they are made empty."""
    command = ["--summary"]
    summary = snakemake(folder, command)[0]
    for line in summary.splitlines():
        path = line.split("\t")[0]
        if path.startswith("results/"):
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.suffix or target.name.startswith("."):
                target.touch()
            else:
                target.mkdir(exist_ok=True)
    snakemake(folder, ["--cores", "1", "--touch"])


def measured(way: str, folder: Path, fields: int, naive: bool = False) -> list[tuple]:
    """Dry-run and return the rows of the table."""
    output, seconds, busy, megabytes = snakemake(folder, ["--dry-run", "--quiet", "rules"], naive)
    total = re.search(r"^total +(\d+)", output, re.MULTILINE)
    jobs = int(total[1]) if total else 0
    return [
        (way, fields, "jobs", jobs, ""),
        (way, fields, "time to plan", round(seconds, 2), "s"),
        (way, fields, "CPU time to plan", round(busy, 2), "s"),
        (way, fields, "peak memory", round(megabytes), "MB"),
    ]


def snakemake(
    folder: Path, arguments: list[str], naive: bool = False
) -> tuple[str, float, float, float]:
    """Run Snakemake; return its output, seconds, CPU seconds and peak megabytes."""
    # by -P as the command `snakemake` does: it does not look for plugins in the study's folder
    command = [sys.executable, "-P", "-m", "snakemake", *arguments]
    if not naive:
        command += ["--snakefile", str(ROOT / "Snakefile"), "--configfile", "study.yaml"]
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as stream:
        process = subprocess.Popen(command, cwd=folder, stdout=stream, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        stream.seek(0)
        output = stream.read()
    if status:
        raise SystemExit(output[-3000:])
    return output, seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--fields", type=int, default=100_000)
    parser.add_argument("--experiments", type=int, default=1, help="classifiers side by side")
    parser.add_argument("--naive-fields", type=int, default=10_000, help="0: leave it out")
    parser.add_argument("--again", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--folder", type=Path, help="where to work; the system's, if not given")
    parser.add_argument("--table", type=Path, default=RESULTS / "plan_study.tsv")
    return parser.parse_args()


if __name__ == "__main__":
    print(
        f"{os.cpu_count()} x {platform.processor() or platform.machine()}, load {os.getloadavg()}"
    )
    main()
