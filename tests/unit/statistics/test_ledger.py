"""The effects of doubtful published steps are measured one at a time, with an interval."""

import copy

import numpy as np
import pandas as pd
import pytest
import tifffile
import yaml
from benchmarks import ledger

from cellpheno.study import configuration
from cellpheno.tables import storage
from cellpheno.tables.cells import CROPS


def test_an_effect_is_published_minus_sound_within_a_seed():
    sound = [{"auroc": 0.8}, {"auroc": 0.7}, {"auroc": 0.9}]
    published = [{"auroc": 0.7}, {"auroc": 0.5}, {"auroc": 0.6}]
    (row,) = ledger.effects("C47", "bf", sound, published)
    assert row["effect"] == pytest.approx(-0.2)
    # differences -0.1, -0.2, -0.3: standard error 0.1 / sqrt 3, t of 2 degrees of freedom 4.3027
    assert row["ci_low"] == pytest.approx(-0.2 - 4.3027 * 0.1 / np.sqrt(3), abs=1e-4)
    assert row["ci_high"] == pytest.approx(-0.2 + 4.3027 * 0.1 / np.sqrt(3), abs=1e-4)


def test_one_seed_has_no_interval():
    (row,) = ledger.effects("C47", "bf", [{"f1": 0.5}], [{"f1": 0.25}])
    assert row["effect"] == -0.25
    assert np.isnan(row["ci_low"])


@pytest.mark.parametrize("name", list(ledger.SWITCHES))
def test_a_switch_changes_one_key(name):
    change, inputs = ledger.SWITCHES[name]
    own = {
        "model": {"normalisation": "matched", "stem": "adapted"},
        "training": {"learning_rate": 0.1, "brightness": {"kind": "sound"}},
    }
    before = copy.deepcopy(own)
    change(own)
    changed = [
        (part, key) for part in own for key in own[part] if own[part][key] != before[part][key]
    ]
    assert len(changed) == (0 if change is ledger.nothing else 1)
    assert changed or name in ledger.ITEM_CROPS
    assert inputs


def test_crops_of_the_bytes_of_files_show_them_as_they_are(tmp_path):
    text = (ledger.ROOT / "config/cca_example.yaml").read_text()
    schema = configuration.load_schema(ledger.ROOT / "workflow/schemas/config.schema.yaml")
    sheet = {"field": "f1", "condition": "p06", "replicate": "w1", "group": "w1"}
    config = yaml.safe_load(text) | {"fields": f"{tmp_path}/fields.tsv", "data_root": "raw"}
    config["composite"] |= {"rescale": "image"}
    config = configuration.complete(config, schema, "config.yaml")
    (tmp_path / "raw").mkdir()
    for n, channel in enumerate(config["channels"], 1):
        sheet[channel] = f"{channel}.tiff"
        ramp = np.arange(32 * 32, dtype=np.uint16).reshape(32, 32) * n
        tifffile.imwrite(tmp_path / "raw" / sheet[channel], ramp)
    pd.DataFrame([sheet]).to_csv(tmp_path / "fields.tsv", sep="\t", index=False)
    results = tmp_path / "results/cca_example"
    (results / "crops").mkdir(parents=True)
    box = dict.fromkeys(("x_min", "y_min"), 0.0) | dict.fromkeys(("x_max", "y_max"), 32.0)
    cells = pd.DataFrame([box | {"field": "f1", "label": "R", "split": "train", "crop_row": 0}])
    storage.write(cells, results / "crops/hoechst.parquet", CROPS)
    np.save(results / "crops/hoechst.npy", np.zeros((1, 32, 32, 4), np.uint8))
    (crop,) = ledger.file_bytes(config, results, "hoechst")
    ramp = np.arange(32 * 32).reshape(32, 32)
    for channel, n in enumerate([1, 1, 1, 2]):
        np.testing.assert_array_equal(crop[..., channel], ramp * n // 256)
