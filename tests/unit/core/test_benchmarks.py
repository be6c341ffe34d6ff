"""The benchmarks run, and what they compare agrees."""

import shlex
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from benchmarks import run as benchmarks
from benchmarks import timing

ROOT = Path(__file__).parents[3]


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


@pytest.mark.parametrize("section", benchmarks.SECTIONS)
def test_both_sides_of_every_comparison_agree(section, tmp_path):
    table = tmp_path / "table.tsv"
    command = [section, "--tiny", "--rounds", "1", "--folder", str(tmp_path), "--table", str(table)]
    code = benchmarks.main(command)
    found = pd.read_csv(table, sep="\t", keep_default_na=False)
    # a network that has hardly been trained may tip where numbers are rounded to bfloat16, and
    # each processor rounds in its own way
    exact = ~found["ours"].str.contains("bfloat16")
    assert found.loc[exact, "holds"].all()
    assert code == (0 if found["holds"].all() else 1)
    assert (found[["reference_ms", "ours_ms", "ratio"]] > 0).all().all()
    assert set(found["machine"]) == {timing.machine()}
    assert [path.name for path in tmp_path.iterdir()] == ["table.tsv"]


def test_ways_take_turns_and_the_first_turn_is_not_counted():
    order = []
    ways = {"a": lambda: order.append("a"), "b": lambda: order.append("b") or 5}
    times, results = timing.alternate(ways, rounds=2)
    assert order == ["a", "b"] * 3
    assert results == {"a": None, "b": 5}
    assert [len(times["a"].cpu), len(times["b"].wall)] == [2, 2]


def comparison(**changed):
    values = {"row": "C4", "what": "", "reference": "r", "reference_ms": 20.0, "ours": "o"}
    values |= {"ours_ms": 5.0, "goal": 3.0, "gate": "", "measured": 0.0, "holds": True}
    return timing.Comparison(**{**values, **changed})


def test_a_goal_is_reached_by_the_ratio_and_a_comparison_need_not_have_one():
    found = timing.table([comparison(), comparison(goal=5.0), comparison(goal=None)], "cpu")
    assert found["ratio"].tolist() == [4, 4, 4]
    assert found["reached"].tolist() == ["yes", "no", ""]


def test_a_gate_that_does_not_hold_fails_the_command_and_other_rows_are_kept(
    tmp_path, monkeypatch, capsys
):
    rows = [comparison(ours="one")]
    monkeypatch.setattr(benchmarks, "_sections", lambda: {"crops": lambda options: rows})
    command = ["crops", "--keep", "--table", str(tmp_path / "table.tsv")]
    assert benchmarks.main(command) == 0
    rows[:] = [comparison(ours="two", holds=False)]
    assert benchmarks.main(command) == 1
    assert "two does not hold the gate" in capsys.readouterr().out
    found = pd.read_csv(tmp_path / "table.tsv", sep="\t")
    assert found["ours"].tolist() == ["one", "two"]


def test_a_section_that_breaks_is_reported_and_the_others_are_measured(
    tmp_path, monkeypatch, capsys
):
    def breaks(options):
        raise RuntimeError("out of memory")

    sections = {"crops": breaks, "tables": lambda options: [comparison(row="I2")]}
    monkeypatch.setattr(benchmarks, "_sections", lambda: sections)
    command = ["crops", "tables", "--table", str(tmp_path / "table.tsv")]
    assert benchmarks.main(command) == 1
    assert "The section crops could not be measured" in capsys.readouterr().out
    assert pd.read_csv(tmp_path / "table.tsv", sep="\t")["row"].tolist() == ["I2"]


def test_an_unknown_section_is_reported_with_the_known_ones(capsys):
    with pytest.raises(SystemExit):
        benchmarks.main(["crop"])
    assert "no section 'crop'; choose from crops, tables" in capsys.readouterr().err


def test_the_paired_design_finds_the_planted_effect_more_often_where_days_are_shared(tmp_path):
    command = [sys.executable, ROOT / "benchmarks/paired_design.py", "--table", tmp_path / "t.tsv"]
    command += shlex.split("--experiments 150 --replicates 4 --partly 6:3")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(tmp_path / "t.tsv", sep="\t")
    half = table[(table["shared"] == 3) & (table["day_spread"] == 0.3)].set_index("design")["power"]
    assert half["independent"] > half["paired"]
    table = table[table["shared"] == 4].set_index(["day_spread", "test", "design"])
    power = table.loc[0.6, "power"]
    for test in ("welch", "gee"):
        paired = power["welch, student" if test == "welch" else test, "paired"]
        assert paired > 3 * power[test, "independent"]
    assert table.loc[0.0].loc[("gee", "independent"), "power"] > power["gee", "paired"]
