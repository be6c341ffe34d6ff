"""What the doubtful steps of a publication do is measured one at a time, with an interval."""

import copy

import numpy as np
import pytest
from benchmarks import ledger


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
    assert len(changed) == (0 if name.startswith("C14") else 1)
    assert inputs
