"""Measure what each doubtful step of CCA does, one switch at a time, on a study that was run.

    snakemake --cores 2 --configfile config/cca_example.yaml
    python benchmarks/ledger.py --configfile config/cca_example.yaml --seeds 0 1 2 3

Trains the classifiers of the study's inputs on its crops, soundly and with one published step each
(C14, C19, C45 to C48), and measures them on its test cells. Steps of the evaluation (C34, C44, C54,
C60, C61) are measured on the boxes that the study's own classifiers have judged; with
`--config 'seeds=[0,1,2]'` in the first line there are several. An effect is published minus sound
within a seed; intervals are those of Student over seeds.
"""

import argparse
import copy
import dataclasses
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from scipy import stats

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow/scripts"))

from cellpheno.calls import fusion
from cellpheno.calls.calling import probability_columns
from cellpheno.classification import inference, training_cells
from cellpheno.classification.held_out import predict_rows
from cellpheno.classification.judged_boxes import read_runs
from cellpheno.classification.sampling import channel_statistics, divide
from cellpheno.classification.training import Trainer, TrainingSettings
from cellpheno.core.randomness import derive
from cellpheno.images import store
from cellpheno.images.conversion import Converter
from cellpheno.images.crops import Geometry, cut_from_shards
from cellpheno.networks.backbones import ModelSettings, Trained, build, input_statistics
from cellpheno.networks.training import Checkpoint
from cellpheno.study import configuration, inputs, sample_sheet
from cellpheno.tables import storage
from cellpheno.tables.cells import CROPS
from cellpheno.tables.quality import SPLITS
from cellpheno.target import cell_level
from cellpheno.target import evaluation as image_level

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"
CPU = torch.device("cpu")
BRIGHTNESS = {"probability": 0.5, "limit": 0.2}
"""As in CCA (C29); in the sound training too, so that only its kind differs (C47)."""

Config = dict[str, Any]
Crops = npt.NDArray[np.uint8]


def clipped(own: Config) -> None:
    """Add brightness to values from 0 to 255 and clip them to [0, 1] (C47)."""
    own["training"]["brightness"]["kind"] = "clipped"


def not_normalised(own: Config) -> None:
    """Show the network the bytes of the files as they are (C45)."""
    own["model"]["normalisation"] = "none"


def frozen_stem(own: Config) -> None:
    """Leave the first convolution as it was drawn by chance (C19)."""
    own["model"]["stem"] = "random_frozen"


def ten_times_faster(own: Config) -> None:
    """Take ten times the learning rate (C48)."""
    own["training"]["learning_rate"] *= 10


def nothing(own: Config) -> None:
    """C14 and C46 change the crops alone."""


def own_crops(config: Config, results: Path, experiment: str) -> Crops:
    """Return the study's crops of an experiment, [n, size, size, channels]."""
    crops: Crops = np.load(results / f"crops/{experiment}.npy")
    return crops


def overwritten(config: Config, results: Path, experiment: str) -> Crops:
    """Return crops of bf, bf, bf, hoechst in which Hoechst overwrites the third channel (C14)."""
    return np.ascontiguousarray(own_crops(config, results, experiment)[..., [0, 1, 3]])


def file_bytes(config: Config, results: Path, experiment: str) -> Crops:
    """Return the crops cut anew from the upper bytes of the raw images, not rescaled (C45, C46)."""
    cells = storage.read(results / f"crops/{experiment}.parquet", CROPS)
    fields = sample_sheet.read(config, ROOT, must_exist=False)
    for channel in config["channels"]:
        fields[channel] = [str(results.parents[1] / path) for path in fields[channel]]
    own = configuration.experiment(config, experiment)
    geometry = Geometry.of(own["crops"])
    entry = {"channels": inputs.sources(config, own["input"]), "rescale": "none"}
    config = {**config, "inputs": {"bytes": entry}}
    how = config["composite"], config["image_files"]
    converter = Converter(config["channels"], *how, planes=inputs.planes(config))
    crops = np.empty_like(own_crops(config, results, experiment))
    with tempfile.TemporaryDirectory() as folder:
        shard, rows = Path(folder) / "shard.npz", fields.to_dict("records")
        store.write(shard, converter.images(rows), list(converter.planes))
        cut_from_shards([shard], cells, geometry, crops, inputs.channels(config, "bytes"))
    return crops


ALL = ("brightfield", "hoechst", "fluorescence")
SWITCHES: dict[str, tuple[Callable[[Config], None], tuple[str, ...]]] = {
    "C47 brightness clipped to [0, 1]": (clipped, ALL),
    "C45 bytes as they are": (not_normalised, ALL),
    "C14 Hoechst overwrites a channel": (nothing, ("hoechst",)),
    "C19, C32 random frozen stem": (frozen_stem, ("fluorescence",)),
    "C46 bytes, normalised": (nothing, ALL),
    "C48 ten times the learning rate": (ten_times_faster, ("hoechst",)),
}
"""Published step: what it changes in an experiment's settings, and for which inputs."""
ITEM_CROPS = {
    "C14 Hoechst overwrites a channel": overwritten,
    "C45 bytes as they are": file_bytes,
    "C46 bytes, normalised": file_bytes,
}
"""Published step: where its crops come from, if not from the study."""


def main() -> None:
    """Measure what the command line asks for, print it and write it."""
    options = _options()
    schema = configuration.load_schema(ROOT / "workflow/schemas/config.schema.yaml")
    config = configuration.load_schema(options.configfile)
    config = configuration.complete(config, schema, str(options.configfile))
    results = options.results / config["study"]
    torch.set_num_threads(options.threads)
    rows = list(trainings(config, results, options.seeds, options.items)) if options.seeds else []
    rows += list(evaluations(config, results))
    table = pd.DataFrame(rows)
    options.table.parent.mkdir(exist_ok=True)
    table.to_csv(options.table, sep="\t", index=False)
    print(table.round(3).to_string(index=False))


def trainings(
    config: Config, results: Path, seeds: list[int], items: list[str]
) -> Iterator[dict[str, Any]]:
    """Yield the effect of the switches of training on AUROC and F1 of the target."""
    sound: dict[tuple[str, int], dict[str, float]] = {}
    for name, (change, seen) in SWITCHES.items():
        for experiment in seen if name.split()[0].rstrip(",") in items else ():
            published = []
            crops = ITEM_CROPS.get(name, own_crops)(config, results, experiment)
            for seed in seeds:
                if (experiment, seed) not in sound:
                    unchanged = own_crops(config, results, experiment)
                    sound[experiment, seed] = train(
                        config, results, experiment, seed, nothing, unchanged
                    )
                published.append(train(config, results, experiment, seed, change, crops))
                print(name, experiment, seed, sound[experiment, seed], published[-1], flush=True)
            before = [sound[experiment, seed] for seed in seeds]
            yield from effects(name, experiment, before, published)


def train(
    config: Config,
    results: Path,
    experiment: str,
    seed: int,
    change: Callable[[Config], None],
    crops: Crops,
) -> dict[str, float]:
    """Train one classifier and return AUROC and F1 (threshold from val) on the test cells."""
    own = copy.deepcopy(configuration.experiment(config, experiment))
    own["training"]["brightness"] |= {**BRIGHTNESS, "kind": "sound"}
    change(own)
    table = storage.read(results / f"crops/{experiment}.parquet", CROPS)
    settings = TrainingSettings(**training_cells.of_training(own["training"])[1])
    classes, seed = config["classes"], derive(config["seed"], "ledger", seed)
    rows = divide(table["split"], settings.validation, seed)
    torch.manual_seed(derive(seed, "initial weights"))
    model = ModelSettings(**own["model"])
    statistics = input_statistics(model, crops.shape[3], lambda: channel_statistics(crops, rows[0]))
    network = build(model, len(classes), *statistics)
    labels = np.array([classes.index(label) for label in table["label"]])
    trainer = Trainer(network, crops, labels, rows, settings, seed, CPU)
    with tempfile.TemporaryDirectory() as folder:
        trainer.run(classes, config["class_groups"], Checkpoint(folder, "ledger"))
    network.eval()
    geometry = Geometry.of(own["crops"])
    trained = Trained(network, classes, geometry, list(map(str, range(crops.shape[3]))))
    judged = {}
    for split in ("val", "test"):
        inside = np.flatnonzero(table["split"] == split)
        found = predict_rows(trained, crops, inside, inference.Settings(**own["inference"]), CPU)
        judged[split] = pd.DataFrame(found, columns=probability_columns(classes)).assign(
            label=table["label"].to_numpy()[inside]
        )
    once = np.ones((1, len(judged["test"])))
    measured = cell_level.values(judged["test"], judged["val"], config["calls"]["target"], once)
    return {
        metric: float(numbers[0])
        for convention, metric, numbers in measured
        if convention == "sound" and metric in ("auroc", "f1")
    }


def evaluations(config: Config, results: Path) -> Iterator[dict[str, Any]]:
    """Yield the effect of every switch of evaluation, over the seeds of the study's classifiers."""
    runs = read_runs(
        path
        for name in config["experiments"]
        for path in sorted((results / "judged" / name).glob("seed*.parquet"))
    )
    splits = storage.read(results / "splits.tsv", SPLITS)
    for experiment in dict.fromkeys(name for name, _ in runs):
        frames = [run for (name, _), run in runs.items() if name == experiment]
        yield from of_cells(config, experiment, frames)
        yield from of_images(config, experiment, frames, splits)


def of_cells(
    config: Config, experiment: str, frames: list[pd.DataFrame]
) -> Iterator[dict[str, Any]]:
    """Yield what reporting on the split of the choices does to AUROC and F1 (C44, C60)."""
    sound, published = [], []
    for frame in frames:
        cells = frame[frame["source"] == "annotated"]
        val, test = (cells[cells["split"] == split] for split in ("val", "test"))
        for reported, kind, kept in ((test, "sound", sound), (val, "published", published)):
            once = np.ones((1, len(reported)))
            measured = cell_level.values(reported, val, config["calls"]["target"], once)
            kept.append({m: float(v[0]) for c, m, v in measured if c == kind})
    yield from effects("C44, C60 cells of val", experiment, sound, published)


def of_images(
    config: Config, experiment: str, frames: list[pd.DataFrame], splits: pd.DataFrame
) -> Iterator[dict[str, Any]]:
    """Yield what the best threshold on test (C54, C61) and the cut-off of C34 do in images."""
    calls = fusion.Settings(**config["calls"])
    fields = {s: sorted(splits.loc[splits["split"] == s, "field"]) for s in ("val", "test")}
    once = np.ones((1, len(fields["test"])))
    measured: dict[tuple[float | None, float, str], list[dict[str, float]]] = {}
    for frame in frames:
        detector = frame["detector"].dropna().iloc[0]
        for keep_below in (None, 0.1):
            own = dataclasses.replace(calls, keep_below=keep_below)
            task = image_level.Task(own, [], "test", config["seed"])
            val, test = (
                image_level.scene(frame, detector, split, own, fields[split])
                for split in ("val", "test")
            )
            for weight in (0.7, 1.0):
                for convention, metric, values in image_level.values(val, test, weight, task, once):
                    key = keep_below, weight, convention
                    lists = measured.setdefault(key, [])
                    if not lists or metric in lists[-1]:
                        lists.append({})
                    lists[-1][metric] = float(values[0])
    for weight in (0.7, 1.0):
        sound = measured[None, weight, "sound"]
        yield from effects(
            "C54, C61 threshold and boxes of test", f"{experiment}, w = {weight:g}",
            sound, measured[None, weight, "published"],
        )  # fmt: skip
        yield from effects(
            "C34 cut-off", f"{experiment}, w = {weight:g}", sound, measured[0.1, weight, "sound"]
        )


def effects(
    item: str, setting: str, sound: list[dict[str, float]], published: list[dict[str, float]]
) -> Iterator[dict[str, Any]]:
    """Yield a row for each metric: means, and their difference with its interval over seeds."""
    for metric in sound[0]:
        before = np.array([each[metric] for each in sound])
        after = np.array([each[metric] for each in published])
        gain = after - before
        half = np.nan
        if len(gain) > 1:
            t = stats.t.ppf(0.975, len(gain) - 1)
            half = t * gain.std(ddof=1) / np.sqrt(len(gain))
        yield {
            "item": item, "setting": setting, "metric": metric, "n_seeds": len(gain),
            "sound": before.mean(), "published": after.mean(), "effect": gain.mean(),
            "ci_low": gain.mean() - half, "ci_high": gain.mean() + half,
            "sd_sound": before.std(ddof=1) if len(before) > 1 else np.nan,
        }  # fmt: skip


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--configfile", type=Path, default=ROOT / "config/cca_example.yaml")
    parser.add_argument("--results", type=Path, default=ROOT / "results")
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2, 3])
    every = [name.split()[0].rstrip(",") for name in SWITCHES]
    parser.add_argument("--items", nargs="*", choices=every, default=every)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--table", type=Path, default=RESULTS / "ledger.tsv")
    return parser.parse_args()


if __name__ == "__main__":
    main()
