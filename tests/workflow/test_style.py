"""The code keeps its style, and the workflow the form that Snakemake and its catalog expect."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*command):
    """Run a tool of this environment in the repository; return what it found fault with."""
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout if done.returncode else ""


def test_ruff_finds_nothing():
    assert run("ruff", "check") == ""


@pytest.mark.slow
def test_mypy_finds_nothing():
    assert run("mypy") == ""


def test_ruff_would_format_nothing():
    assert run("ruff", "format", "--diff") == ""


def test_snakefmt_would_format_nothing():
    files = ["Snakefile", "workflow/Snakefile", "workflow/rules"]
    assert run("snakefmt", "--diff", "--check", *files) == ""


def test_snakemakes_linter_finds_nothing():
    assert run("snakemake", "--lint") == ""


def test_the_catalogs_entry_point_plans_the_same_jobs(small_study):
    planned = small_study.planned()
    small_study.snakefile = ROOT / "workflow/Snakefile"
    through_the_catalog = small_study.planned()
    assert through_the_catalog.pop("default") == 1
    assert planned.pop("all") == through_the_catalog.pop("all", 1)
    assert planned == through_the_catalog
