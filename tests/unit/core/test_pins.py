"""A pin file, which Snakemake prefers, agrees with its environment file."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
PACKAGE = re.compile(
    r"https://conda\.anaconda\.org/conda-forge/(linux-64|noarch)/"
    r"(?P<name>[a-z0-9._-]+)-(?P<version>[^-]+)-(?P<build>[^-]+)\.(conda|tar\.bz2)"
    r"#(sha256:[0-9a-f]{64}|[0-9a-f]{32})"
)
ENVIRONMENT = {"dependencies": ["python =3.12", "numpy =2.4", "py-opencv 5.0.* headless_*"]}
CHANNEL = "https://conda.anaconda.org/conda-forge/linux-64"
HASH = "0123456789abcdef" * 2
PINS = f"""\
# platform: linux-64
@EXPLICIT
{CHANNEL}/python-3.12.13-hd63d673_0_cpython.conda#{HASH}
{CHANNEL}/numpy-2.4.2-py312h33ff503_0.conda#{HASH}
{CHANNEL}/py-opencv-5.0.1-headless_py312h6a5f8d2_3.conda#{HASH}
https://conda.anaconda.org/conda-forge/noarch/tzdata-2026a-h78e105d_0.conda#{HASH}
"""


def misfits(environment, pins):
    """Return in words how a pin file differs from what its environment file asks for."""
    lines = [line for line in pins.splitlines() if line and not line.startswith("#")]
    if lines[:1] != ["@EXPLICIT"]:
        return ["it does not begin with @EXPLICIT"]
    found, problems = {}, []
    for line in lines[1:]:
        match = PACKAGE.fullmatch(line)
        if not match:
            problems.append(f"no package of conda-forge with its hash: {line}")
            continue
        found[match["name"]] = match
    for dependency in environment["dependencies"]:
        name, version, *build = dependency.split()
        pinned, asked = found.get(name), version.removeprefix("=").removesuffix("*").rstrip(".")
        if not pinned:
            problems.append(f"{name} is not in it")
        elif asked and not f"{pinned['version']}.".startswith(f"{asked}."):
            problems.append(f"{name} is {pinned['version']} instead of {asked}")
        elif build and not pinned["build"].startswith(build[0].removesuffix("*")):
            problems.append(f"{name} has the build {pinned['build']} instead of {build[0]}")
    return problems


def test_pins_that_fit_are_accepted():
    assert misfits(ENVIRONMENT, PINS) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("@EXPLICIT\n", "", "does not begin with @EXPLICIT"),
        ("numpy-2.4.2", "numpy-2.40.2", "numpy is 2.40.2 instead of 2.4"),
        ("headless_", "qt6_", "has the build qt6_"),
        (f"{CHANNEL}/numpy-2.4.2", "https://example.org/numpy-2.4.2", "no package of conda-forge"),
        (f"_0.conda#{HASH}", "_0.conda", "no package of conda-forge with its hash"),
        ("/numpy-", "/numpy-base-", "numpy is not in it"),
    ],
)
def test_pins_that_do_not_fit_are_reported(old, new, problem):
    assert any(problem in misfit for misfit in misfits(ENVIRONMENT, PINS.replace(old, new)))


def test_a_pin_file_that_is_there_fits_its_environment_file():
    for path in ROOT.glob("envs/*.pin.txt"):
        file = path.with_name(path.name.removesuffix(".linux-64.pin.txt") + ".yaml")
        assert misfits(yaml.safe_load(file.read_text()), path.read_text()) == [], path.name
