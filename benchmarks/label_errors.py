"""Count how many planted label errors are listed, in fields that nothing was chosen on.

    python benchmarks/label_errors.py --seeds 1 2 3

Simulates the annotated fields of the default study with other seeds, plants wrong classes of cells
at several rates, several times each, and holds the list of suspicious cells against the truth.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow/scripts"))

from cellpheno.images import store
from cellpheno.images.conversion import Converter
from cellpheno.images.crops import Geometry
from cellpheno.labels.suspects import descriptors, evaluation, suspects
from cellpheno.simulation.annotators import Annotator, annotate
from cellpheno.simulation.study import simulate_study
from cellpheno.study import configuration, inputs, sample_sheet

ROOT = Path(__file__).parents[1]
CONFIG = ROOT / "config.yaml"
RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Measure what the command line asks for, print the means and write every draw."""
    options = _options()
    config = configuration.load_schema(CONFIG)
    schema = configuration.load_schema(ROOT / "workflow/schemas/config.schema.yaml")
    config = configuration.complete(config, schema, str(CONFIG))
    tables = []
    for seed in options.seeds:
        with tempfile.TemporaryDirectory() as folder:
            tables.append(measure(config, seed, options, Path(folder)).assign(study_seed=seed))
    table = pd.concat(tables, ignore_index=True)
    options.table.parent.mkdir(exist_ok=True)
    table.to_csv(options.table, sep="\t", index=False)
    means = table.groupby("planted").mean(numeric_only=True).drop(columns=["study_seed", "draw"])
    print(means.round(3).to_string())


def measure(
    config: dict[str, Any], seed: int, options: argparse.Namespace, folder: Path
) -> pd.DataFrame:
    """Simulate one study and return a row for every draw of errors."""
    config["data_root"] = str(folder)
    rows = sample_sheet.read(config, ROOT, must_exist=False)
    rows = rows[rows["condition"] == config["simulation"]["annotated"]].head(options.fields)
    settings = {**config["simulation"], "annotators": [], "faults": {}}
    classes, negative = config["classes"], config["negative_class"]
    truth = simulate_study(
        rows.to_dict("records"), settings, classes, seed, [], negative_class=negative
    )
    converter = Converter(config["channels"], config["composite"])
    images = converter.images(rows.to_dict("records"))
    store.write(folder / "shard.npz", images, config["channels"], inputs.composite(config))
    crops = config["classification"]["crops"]
    geometry = Geometry.of(crops)
    described = descriptors.from_shards([folder / "shard.npz"], truth, geometry)
    groups = pd.factorize(truth["field"].map(rows.set_index("field")["group"]))[0]
    size = settings["height"], settings["width"]
    found = []
    for rate in options.rates:
        for draw in range(options.draws if rate else 1):
            annotator = Annotator(f"draw {draw}", wrong_class=rate)
            drawn = annotate(truth, annotator, config["classes"], *size, seed)
            judged, _ = suspects.judge(
                drawn,
                described,
                groups,
                config["classes"],
                config["label_errors"]["folds"],
                config["label_errors"]["neighbors"],
            )
            metrics = evaluation.found(judged, truth).set_index("metric")["value"]
            counts = {"cells": len(judged), "listed": int(judged["listed"].sum())}
            found.append({"planted": rate, "draw": draw, **counts, **metrics})
    return pd.DataFrame(found)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3], help="of the studies")
    parser.add_argument("--rates", type=float, nargs="+", default=[0, 0.03, 0.05, 0.1])
    parser.add_argument("--draws", type=int, default=5, help="of the errors, at each rate")
    parser.add_argument("--fields", type=int, default=30, help="annotated fields at most")
    parser.add_argument("--table", type=Path, default=RESULTS / "label_errors.tsv")
    return parser.parse_args()


if __name__ == "__main__":
    main()
