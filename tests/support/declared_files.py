"""Lists what every rule of a study may write, from Snakemake's own rule objects.

A process of its own reads the Snakefile, because that changes the interpreter.
"""

import json
import subprocess
import sys
from pathlib import Path


def declared_files(snakefile: Path, configfile: Path, folder: Path) -> dict[str, list[str]]:
    """Return outputs, logs and benchmarks of every rule of a study, wildcards as they are.

    Parameters
    ----------
    snakefile, configfile
        Of the study.
    folder
        Where the study is run. Missing data are not reported, as with the target `fetch`.
    """
    command = [sys.executable, __file__, str(snakefile), str(configfile)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    return json.loads(done.stdout)


def _read(snakefile: Path, configfile: Path) -> dict[str, list[str]]:
    from snakemake.api import SnakemakeApi
    from snakemake.settings.types import ConfigSettings, OutputSettings, Quietness, ResourceSettings

    sys.argv = ["snakemake", *["fetch"] * ("simulation:" not in configfile.read_text())]
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        workflow = api.workflow(
            resource_settings=ResourceSettings(cores=1),
            config_settings=ConfigSettings(configfiles=[configfile]),
            snakefile=snakefile,
        )._workflow
        return {
            rule.name: [
                str(path)
                for path in (*rule.output, *rule.log, *([rule.benchmark] if rule.benchmark else []))
            ]
            for rule in workflow.rules
        }


if __name__ == "__main__":
    json.dump(_read(*map(Path, sys.argv[1:])), sys.stdout)
