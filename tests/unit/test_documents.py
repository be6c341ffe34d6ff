"""Commands in the documents work as they are written."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WRITTEN = [
    path
    for pattern in ("*.md", "docs/*.md", "config/*", "*.yaml", "Snakefile", "workflow/rules/*.smk")
    for path in sorted(ROOT.glob(pattern))
    if path.is_file()
]
COMMAND = re.compile(r"(?<!`)`(snakemake [^`]+)`(?!`)|^[# ]*(snakemake .*)$", re.MULTILINE)
ONE_MORE_CONFIG_FILE = re.compile(r"--configfile +\S+ +(?!#|-)\S")
"""A target there is none: Snakemake takes it for a config file. Remarks follow two blanks."""


def commands(text: str) -> list[str]:
    """Return the commands of a document, one line each, without their remarks."""
    joined = re.sub(r"\\\n[# ]*", "", text)
    found = [quoted or line for quoted, line in COMMAND.findall(joined)]
    return [re.split(r"  +|\s+# ", command.replace("\n", " "))[0] for command in found]


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_target_is_written_before_the_config_file(path):
    wrong = [one for one in commands(path.read_text()) if ONE_MORE_CONFIG_FILE.search(one)]
    assert wrong == []


def test_a_target_after_the_config_file_would_be_found():
    text = "#     snakemake --cores 2 --configfile config/x.yaml \\\n#       results/x/splits.tsv\n"
    assert ONE_MORE_CONFIG_FILE.search(commands(text)[0])
    assert not ONE_MORE_CONFIG_FILE.search("snakemake --configfile x.yaml -- figures")
    assert sum(len(commands(path.read_text())) for path in WRITTEN) > 20
