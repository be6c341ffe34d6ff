"""Run a study of many small simulated fields: what scheduling and start-up cost, and the memory.

    python benchmarks/many_fields.py --fields 200 2000

Runs the workflow from raw images to tests across conditions (without figures), one job at a time,
once for each number of fields. Only that number differs: as many fields are annotated, networks are
trained for as many steps, and a job handles as many fields. Of the time that the command takes

- `jobs` is what Snakemake's benchmark files add up to;
- `start-up` is the part of it in which Python starts and the rule's script imports what it needs,
  measured apart for each script, in the same turn;
- `scheduling` is the rest: planning, choosing and starting jobs, looking after their files.

The peak memory of each rule's largest job comes from the same files.
"""

import argparse
import ast
import os
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.folders import work_folder
from cellpheno.core.files import whole

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"
CHANNELS = ["membrane", "nucleus", "brightfield"]
ANNOTATED = 20
TARGETS = ["cells.parquet", "qc/fields.tsv", "statistics/frequencies.tsv", "statistics/tests.tsv"]


def main() -> None:
    """Run a study for each number of fields, print the table and write it."""
    options = _options()
    rows = []
    for count in options.fields:
        with work_folder(options.folder) as folder:
            make_study(folder, count, options)
            rows += measured(folder, count)
    table = pd.DataFrame(rows, columns=["fields", "what", "jobs", "value", "unit"])
    with whole(options.table) as temporary:
        table.to_csv(temporary, sep="\t", index=False)
    wide = table.pivot_table(index=["unit", "what"], columns="fields", values="value", sort=False)
    print(wide.to_string())


def make_study(folder: Path, count: int, options: argparse.Namespace) -> None:
    """Write a config and a sample sheet: fields of two conditions, and 20 annotated ones."""
    names = [f"slide-{n}" for n in range(ANNOTATED)]
    names += [f"well-{n}" for n in range(count - ANNOTATED)]
    sheet = pd.DataFrame({"field": names})
    number = sheet.index - ANNOTATED
    sheet["condition"] = [
        "annotated" if n < 0 else ("control", "mock")[n % 2] for n in number.to_list()
    ]
    sheet["replicate"] = [f"r{n // 2 % 6}" for n in number]
    sheet["group"] = sheet["field"]
    for channel in CHANNELS:
        sheet[channel] = f"{channel}/" + sheet["field"] + ".tif"
    sheet.to_csv(folder / "fields.tsv", sep="\t", index=False)
    size = options.pixels
    frequencies = {key: {"one-in-one": 0.4} for key in ("annotated", "control", "mock")}
    config = {
        "study": "many",
        "protocol": "corrected",
        "fields": "fields.tsv",
        "data_root": "results/many/raw",
        "fields_per_shard": options.fields_per_shard,
        "channels": CHANNELS,
        "simulation": {
            "height": size,
            "width": size,
            "cells_per_field": 6,
            "cell_radius": 12,
            "frequencies": frequencies,
        },
        "composite": {"red": "membrane", "green": "brightfield", "blue": "nucleus"},
        "annotations": {"format": "voc", "files": ["results/many/raw/boxes"]},
        "classes": ["non-CIC", "one-in-one"],
        "negative_class": "non-CIC",
        "tiles": {"rows": 1, "columns": 1},
        # of one stage: it need not look at a thousand proposals for each small field
        "detection": {
            "model": {"architecture": "fcos"},
            "training": {"steps": options.steps, "batch_size": 4},
            "inference": {"min_score": 0.1},
        },
        "classification": {
            "crops": {"source": "annotations", "size": 32},
            "training": {"epochs": 2, "batch_size": 16},
        },
        "compute": {"threads": 1},
        "experiments": {"main": {}},
        "calls": {"min_score": 0.1},
        "statistics": {"control": "control", "exclude_conditions": ["annotated"]},
    }
    (folder / "study.yaml").write_text(yaml.safe_dump(config))


def measured(folder: Path, count: int) -> list[tuple]:
    """Run the workflow and return the rows of the table."""
    command = [sys.executable, "-P", "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    command += [f"results/many/{name}" for name in TARGETS]
    command += ["--configfile", "study.yaml", "--cores", "1", "--resources", "gpu=1"]
    began = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    total = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(done.stderr[-5000:])
    jobs = benchmarks(folder / "results/many/benchmarks", done.stderr)
    rules = jobs.groupby("rule", sort=False)
    starts = {rule: start_up(rule) for rule in rules.groups}
    start = sum(starts[rule] * len(group) for rule, group in rules)
    rows = [
        (count, "total", len(jobs), total, "s"),
        (count, "jobs", len(jobs), jobs["s"].sum(), "s"),
        (count, "start-up", len(jobs), start, "s"),
        (count, "scheduling", len(jobs), total - jobs["s"].sum(), "s"),
        (count, "start-up", len(jobs), 100 * start / total, "% of the total"),
        (count, "scheduling", len(jobs), 100 * (1 - jobs["s"].sum() / total), "% of the total"),
    ]
    for rule, group in rules:
        rows.append((count, rule, len(group), group["s"].mean(), "s per job"))
        rows.append((count, rule, len(group), group["max_rss"].max(), "MiB at the peak"))
    return rows


def benchmarks(folder: Path, told: str) -> pd.DataFrame:
    """Return seconds and memory of each job with the name of its rule, which Snakemake has told."""
    rule_of, rule = {}, ""
    for line in told.splitlines():
        words = line.split()
        if len(words) == 2 and words[0] in ("rule", "localrule"):
            rule = words[1].rstrip(":")
        elif words[:1] == ["benchmark:"]:
            rule_of[Path(words[1]).relative_to("results/many/benchmarks")] = rule
    rows = []
    for path, name in rule_of.items():
        [row] = pd.read_csv(folder / path, sep="\t", na_values="NA").to_dict("records")
        rows.append((name, float(row["s"]), float(row["max_rss"])))
    return pd.DataFrame(rows, columns=["rule", "s", "max_rss"])


def start_up(rule: str) -> float:
    """Return the seconds in which Python starts and imports what the script of a rule imports."""
    path = ROOT / f"workflow/scripts/{script_of(rule)}"
    imports = [
        ast.unparse(node)
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    times = []
    for _ in range(3):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", "\n".join(imports)], cwd=path.parent, check=True)
        times.append(time.perf_counter() - began)
    return sorted(times)[1]


def script_of(rule: str) -> str:
    """Return the name of a rule's script."""
    if rule.startswith("plot_"):  # all inherit from one rule
        return f"{rule}.py"
    for path in (ROOT / "workflow/rules").glob("*.smk"):
        _, found, body = path.read_text().partition(f"rule {rule}:\n")
        if found:
            return body.partition('"../scripts/')[2].partition('"')[0]
    raise ValueError(rule)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--fields", type=int, nargs="+", default=[200, 2000])
    parser.add_argument("--pixels", type=int, default=128, help="height and width of a field")
    parser.add_argument("--fields-per-shard", type=int, default=200)
    parser.add_argument("--steps", type=int, default=12, help="of the detector's training")
    parser.add_argument("--folder", type=Path, help="where to work; the system's, if not given")
    parser.add_argument("--table", type=Path, default=RESULTS / "many_fields.tsv")
    return parser.parse_args()


if __name__ == "__main__":
    print(f"{os.cpu_count()} cores, load {os.getloadavg()}")
    main()
    print(f"load {os.getloadavg()}")
