"""The rules of the workflow as Snakemake reads them: those of three studies that need all files."""

import dataclasses
import fnmatch
import functools
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml
from snakemake.resources import Resource

ROOT = Path(__file__).parents[2]
GPUS = 2
"""Of a training, in these studies."""


@dataclasses.dataclass(frozen=True)
class Rule:
    """What a rule declares; a function stands there by its qualified name."""

    name: str
    file: str
    docstring: str | None
    script: str | None
    shell: bool
    output: list[str]
    warnings: str | None
    log: list[str]
    benchmark: str | None
    conda: str | None
    threads: int
    resources: dict[str, Any]
    params: dict[str, Any]

    @property
    def works(self) -> bool:
        """Whether it does more than name targets."""
        return bool(self.script or self.shell)


def configs() -> dict[str, dict[str, Any]]:
    """Return the studies: with a plan and all on a GPU, with a stain, with a target."""
    files = {"default": "config.yaml"}
    files |= {name: f"config/{name}.yaml" for name in ("jimt1_example", "cca_example")}
    found = {name: yaml.safe_load((ROOT / file).read_text()) for name, file in files.items()}
    for config in found.values():
        config["fields"] = str(ROOT / config["fields"])
    found["default"].setdefault("compute", {})["gpus_per_training"] = GPUS
    found["default"].setdefault("embedding", {})["gpu"] = True
    found["default"]["detection"]["inference"]["nms_iou"] = "auto"
    published = yaml.safe_load((ROOT / "config/cca.yaml").read_text())
    found["jimt1_example"]["fetch"] = published["fetch"]
    return found


@functools.cache
def registered(study: str) -> dict[str, Any]:
    """Return a study's `rules`, and what it registers: `results`, `figures` and `warnings`."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "study.yaml").write_text(yaml.safe_dump(configs()[study]))
        command = [sys.executable, __file__, str(ROOT / "Snakefile")]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


@functools.cache
def rules() -> dict[str, Rule]:
    """Return all rules that the three studies have, by name."""
    found: dict[str, Rule] = {}
    for study in configs():
        for rule in registered(study)["rules"]:
            # the GPUs of the first study count
            found.setdefault(rule["name"], Rule(**rule))
    return found


def matches(path: str, output: str) -> bool:
    """Return whether a path is an output of a rule, of any values of its wildcards."""
    return fnmatch.fnmatchcase(path, re.sub(r"\{\w+(,.*?)?\}", "*", output))


def _shown(value: Any) -> Any:
    if isinstance(value, Resource):
        value = value._evaluator or value.value
    return value.__qualname__ if callable(value) else value


def _described(rule: Any) -> dict[str, Any]:
    conda = rule.conda_env
    return {
        "name": rule.name,
        "file": Path(str(rule.snakefile)).name,
        "docstring": rule.docstring,
        "script": rule.script and Path(rule.script.format(params=rule.params)).name,
        "shell": rule.shellcmd is not None,
        "output": [str(path) for path in rule.output],
        "warnings": str(rule.output.warnings) if "warnings" in rule.output.keys() else None,  # noqa: SIM118
        "log": [str(path) for path in rule.log],
        "benchmark": rule.benchmark and str(rule.benchmark),
        "conda": conda.__qualname__ if callable(conda) else conda and str(conda),
        "threads": _shown(rule.resources.get("_cores")),
        "resources": {name: _shown(value) for name, value in rule.resources.items()},
        "params": {name: _shown(value) for name, value in rule.params.items()},
    }


def main(snakefile: Path) -> None:
    """Print the rules and lists of the study in this folder."""
    from snakemake.api import SnakemakeApi
    from snakemake.settings.types import ConfigSettings, OutputSettings, ResourceSettings

    with SnakemakeApi(OutputSettings(stdout=False)) as api:
        workflow = api.workflow(
            resource_settings=ResourceSettings(cores=1),
            config_settings=ConfigSettings(configfiles=[Path("study.yaml")]),
            snakefile=snakefile,
        )._workflow
        found = {"rules": [*map(_described, workflow.rules)]}
        for name in ("RESULTS", "FIGURES", "WARNINGS"):
            found[name.lower()] = workflow.globals[name]
        print(json.dumps(found, default=str))


if __name__ == "__main__":
    os.environ["PWD"] = str(Path.cwd())
    main(Path(sys.argv[1]))
