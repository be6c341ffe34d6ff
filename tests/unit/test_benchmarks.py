"""The benchmarks run, and what they compare agrees."""

import shlex
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("compression", ["none", "lzw"])
def test_conversion_and_staging_through_png_give_the_same_pixels(tmp_path, compression):
    command = [sys.executable, ROOT / "benchmarks/convert_fields.py", "--compression", compression]
    command += shlex.split(
        "--height 90 --width 130 --fields 2 --rounds 1 --memory-fields 1 2 --cold"
    )
    command += ["--folder", tmp_path, "--table", tmp_path / "table.tsv"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(tmp_path / "table.tsv", sep="\t").set_index(["way", "what"])["value"]
    for way in ("direct", "png_rgb8", "png_16"):
        assert float(table[way, "time per field, median"]) > 0
    shares = [float(value) for (_, what), value in table.items() if what.startswith("share")]
    assert sum(shares) == pytest.approx(100, abs=1)
    assert float(table["direct", "peak memory, fields in the shard: 2"]) > 0
    assert [path.name for path in tmp_path.iterdir()] == ["table.tsv"]


def test_planted_label_errors_are_counted_in_each_draw(tmp_path):
    command = [sys.executable, ROOT / "benchmarks/label_errors.py", "--table", tmp_path / "t.tsv"]
    command += shlex.split("--seeds 1 --rates 0 0.2 --draws 2 --fields 4")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(tmp_path / "t.tsv", sep="\t").set_index(["planted", "draw"])
    assert list(table.index) == [(0, 0), (0.2, 0), (0.2, 1)]
    assert table.loc[(0, 0), "error_rate"] == 0
    assert table.loc[0.2, "error_rate"].between(0.1, 0.3).all()
    assert table.loc[0.2, "recall"].nunique() == 2
