"""A `conda` that makes environments of the packages that are installed already.

It stands in for conda where no channel can be reached. An environment made by it holds the packages
that its file names, in the versions of the lock, with all that those need, and nothing else: each
is linked from the running Python's own packages. Scripts of the workflow that import anything
else fail there. So it shows that environment files are complete and that Snakemake switches between
them; it does not show that conda-forge has what they ask for.

    stand_in_conda.py install FOLDER     makes FOLDER/bin/conda and FOLDER/bin/activate
"""

import json
import os
import platform
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PYPI_NAMES = {
    "matplotlib-base": "matplotlib",
    "py-opencv": "opencv-python-headless",
    "pytorch": "torch",
    "seaborn-base": "seaborn",
}
NOT_PACKAGES = {"python", "ffmpeg"}
INSTALLED = {canonicalize_name(each.metadata["Name"]): each for each in metadata.distributions()}

ACTIVATE = """\
export CONDA_PREFIX="$1"
export PATH="$1/bin:$PATH"
"""

# Snakemake puts its own packages at the end of a script's path, where they would fill gaps.
GUARD = """
import builtins, os, sys

OWN, LENT = {own!r}, {lent!r}
importing = builtins.__import__


def guarded(name, globals=None, locals=None, fromlist=(), level=0):
    module = importing(name, globals, locals, fromlist, level)
    caller = str((globals or {{}}).get("__name__", ""))
    if level == 0 and (caller.split(".")[0] in ("cellpheno", "__main__")):
        found = sys.modules.get(name.split(".")[0])
        path = str(getattr(found, "__file__", None) or "")
        if path.startswith(LENT + os.sep) and name.split(".")[0] != "snakemake":
            raise ImportError(f"{{caller}} imports {{name}}, which {{OWN}} does not hold")
    return module


builtins.__import__ = guarded
"""


def main(arguments: list[str]) -> None:
    """Answer as conda does, as far as Snakemake asks."""
    if arguments[0] == "install":
        install(Path(arguments[1]))
    elif arguments == ["--version"]:
        print("conda 26.1.0")
    elif arguments[0] == "info":
        home = os.environ["STAND_IN_CONDA"]
        print(json.dumps({"conda_prefix": home, "platform": "linux-64"}))
    elif arguments[0] == "config":
        print(json.dumps({"get": {"channel_priority": "strict"}}))
    elif arguments == ["env", "list", "--json"]:
        print(json.dumps({"envs": [str(path) for path in sorted(named_environments().glob("*"))]}))
    elif "create" in arguments[:2]:
        found = re.findall(r"-(f|-file|-prefix|-name)[ =]\"?([^\" ]+)", " ".join(arguments))
        values = {name.strip("-")[0]: value for name, value in found}
        create(Path(values["f"]), Path(values.get("p") or named_environments() / values["n"]))
    elif arguments[0] != "clean":
        raise SystemExit(f"the stand-in for conda knows no {arguments}")


def named_environments() -> Path:
    """Return the folder of environments that have a name: the one of the Snakefile itself."""
    return Path(os.environ["STAND_IN_CONDA"]) / "envs"


def install(folder: Path) -> None:
    """Make the commands that Snakemake calls."""
    (folder / "bin").mkdir(parents=True)
    command = f'exec "{sys.executable}" "{Path(__file__).resolve()}" "$@"\n'
    head = f'#!/bin/sh\nexport STAND_IN_CONDA="{folder}"\n'
    (folder / "bin/conda").write_text(head + command)
    (folder / "bin/conda").chmod(0o755)
    (folder / "bin/activate").write_text(ACTIVATE)


def create(file: Path, prefix: Path) -> None:
    """Make an environment of the packages that a file names, and of what they need.

    A file of pins names its packages by their addresses.
    """
    text = file.read_text()
    if file.name.endswith("pin.txt"):
        names = re.findall(r"/([a-z0-9._-]+)-[^-/]+-[^-/]+\.conda#", text)
    else:
        names = [line.split()[0] for line in yaml.safe_load(text)["dependencies"]]
    wanted = {PYPI_NAMES.get(name, name) for name in names} - NOT_PACKAGES
    base = Path(sys.base_prefix) / "bin/python3"
    subprocess.run([base, "-m", "venv", "--without-pip", prefix], check=True)
    (prefix / "conda-meta").mkdir()
    [site] = prefix.glob("lib/python*/site-packages")
    owners = owners_of_folders()
    for name in closure(wanted):
        package = INSTALLED[name]
        link(package, site, owners)
        record = f"{name}-{package.version}-lock.json"
        (prefix / "conda-meta" / record).write_text("{}")
    lent = str(Path(yaml.__file__).parents[1])
    (site / "sitecustomize.py").write_text(GUARD.format(own=file.name, lent=lent))
    print(f"made of {platform.python_version()} and {len(list(site.iterdir()))} entries")


def closure(names: set[str]) -> set[str]:
    """Return packages with all that they need, without extras."""
    found: set[str] = set()
    todo = [canonicalize_name(name) for name in names]
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found.add(name)
        for text in INSTALLED[name].requires or []:
            needed = Requirement(text)
            needed_name = canonicalize_name(needed.name)
            if needed_name in INSTALLED and (
                not needed.marker or needed.marker.evaluate({"extra": ""})
            ):
                todo.append(needed_name)
    return found


def link(package: metadata.Distribution, site: Path, owners: dict[str, set[str]]) -> None:
    """Link a package's own folders, and file by file what lies in folders that packages share."""
    for file in package.files or []:
        top = file.parts[0]
        if top == ".." or "__pycache__" in file.parts:
            continue
        part = Path(top) if len(owners[top]) == 1 else Path(*file.parts)
        target = site / part
        if not os.path.lexists(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(package.locate_file(part))


def owners_of_folders() -> dict[str, set[str]]:
    """Return which packages have files in each folder of the running Python's packages."""
    owners: dict[str, set[str]] = {}
    for name, package in INSTALLED.items():
        for file in package.files or []:
            owners.setdefault(file.parts[0], set()).add(name)
    return owners


if __name__ == "__main__":
    main(sys.argv[1:])
