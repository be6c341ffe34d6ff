"""Networks that see one, three, four and six channels, side by side in one study."""

import json

import numpy as np
import pytest
import torch

from cellpheno.tables import storage
from cellpheno.tables.cells import CLASSIFIERS

MEMBRANE, NUCLEUS, BRIGHTFIELD = "membrane", "nucleus", "brightfield"
INPUTS = {
    "one": [BRIGHTFIELD],
    "four": [BRIGHTFIELD] * 3 + [NUCLEUS],
    "six": [BRIGHTFIELD] * 3 + [NUCLEUS, MEMBRANE, BRIGHTFIELD],
}


@pytest.fixture
def study(small_study):
    """A small study whose first detector sees six channels and whose first classifier one."""
    config = small_study.config
    config["inputs"] = INPUTS
    config["detection"]["training"].update(steps=6, batch_size=2, warmup=1)
    config["detectors"] = {"main": {"input": "six"}, "three": {}, "one": {"input": "one"}}
    config["classification"]["crops"].update(source="annotations", size=48)
    config["classification"]["training"].update(epochs=1, batch_size=4, warmup=1)
    config["experiments"] = {"main": {"input": "one"}, **{n: {"input": n} for n in INPUTS}}
    config["experiments"]["three"] = {}
    config["splits"]["by"] = "field"
    return small_study.write()


def test_each_input_has_its_tiles_and_each_network_its_channels(study):
    planned = study.planned()
    assert planned["cut_tiles"] == 3
    assert planned["train_detector"] == 3
    assert planned["cut_crops"] == 4  # those of one channel serve two classifiers
    assert planned["train_classifier"] == 5


def test_an_input_that_the_config_does_not_have_is_told_before_anything_is_computed(study):
    study.config["detection"]["input"] = "seven"
    output = study.write().snakemake("--dry-run", check=False).stdout
    assert "detection.input (detector three) names 'seven', which is not among inputs" in output
    assert "Traceback" not in output


@pytest.mark.slow
def test_networks_of_any_channels_learn_and_find_and_are_explained(study):
    results = study.results
    wanted = ["crops/six.npy", "tiles/one", "detector/compared.parquet"]
    wanted += [f"classifier/{name}/seed0/model.pt" for name in study.config["experiments"]]
    wanted += ["benchmarks/classifiers.tsv", "label_errors/crops.npy"]
    study.snakemake(*[f"results/small/{name}" for name in wanted])

    assert np.load(results / "crops/six.npy").shape[1:] == (48, 48, 6)
    assert np.load(results / "label_errors/crops.npy").shape[1:] == (48, 48, 3)  # a picture
    [first, *_] = json.loads((results / "tiles/one/train.json").read_text())["images"]
    assert first["file_name"].endswith(".tif")
    composite = [MEMBRANE, BRIGHTFIELD, NUCLEUS]
    for name in study.config["experiments"]:
        model = torch.load(results / f"classifier/{name}/seed0/model.pt", weights_only=True)
        assert model["channels"] == INPUTS.get({"main": "one"}.get(name, name), composite)
    costs = storage.read(results / "benchmarks/classifiers.tsv", CLASSIFIERS)
    costs = costs.set_index("input")["n_parameters"]
    assert costs["six"] - costs["four"] == costs["four"] - costs["composite"] + 64 * 7 * 7

    # the same weights in another study whose channels have other names
    config = study.config
    config["detection"]["model"]["weights"] = "results/small/detector/main/model.pt"
    config["inputs"]["six"] = [NUCLEUS] * 6
    config.update(study="other", data_root="results/other/raw")
    refused = study.write().snakemake("results/other/detector/main/model.pt", check=False)
    assert refused.returncode
    saw = "saw brightfield, brightfield, brightfield, nucleus, membrane, brightfield"
    assert saw in refused.stdout
