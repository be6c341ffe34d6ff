"""Commands in the documents work as they are written, and links lead somewhere."""

import re
from pathlib import Path

import pytest
import yaml

from cellpheno.planning import plan
from cellpheno.study import configuration

ROOT = Path(__file__).parents[3]
WRITTEN = [
    path
    for pattern in ("*.md", "docs/*.md", "config/*", "*.yaml", "Snakefile", "workflow/rules/*.smk")
    for path in sorted(ROOT.glob(pattern))
    if path.is_file()
]
COMMAND = re.compile(r"(?<!`)`(snakemake [^`]+)`(?!`)|^[# ]*(snakemake .*)$", re.MULTILINE)
ONE_MORE_CONFIG_FILE = re.compile(r"--configfile +\S+ +(?!#|-)\S")
"""A target there is none: Snakemake takes it for a config file. Remarks follow two blanks."""
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("config/*.md")])
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")


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


def anchors(document):
    """Return what GitHub calls the headings of a document."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_of_a_document_leads_to_a_file_and_a_heading(document):
    for path, anchor in LINK.findall(document.read_text()):
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), path
        assert not anchor or anchor in anchors(target), f"{path}#{anchor}"


def test_every_test_and_module_that_a_document_or_the_ci_names_is_there():
    ci = [*ROOT.glob(".github/workflows/*.yml"), *ROOT.glob(".ci/*")]
    named = {
        (path.name, name)
        for path in [*DOCUMENTS, *ci]
        for name in re.findall(
            r"(?<![\w/<])((?:tests|study|detection|annotations)/[\w/]+\.py)", path.read_text()
        )
    }
    assert len(named) > 15
    places = (ROOT, ROOT / "workflow/scripts/cellpheno")
    missing = [each for each in named if not any((place / each[1]).exists() for place in places)]
    assert missing == []


def test_the_readme_installs_as_the_tests_do():
    [command] = re.findall(r"^python3 -m venv .*$", (ROOT / "README.md").read_text(), re.MULTILINE)
    install, run = command.rsplit(" && ", 1)
    assert install in (ROOT / "docs/environments.md").read_text()
    assert install.split(" && ")[-1].replace("install", "install --quiet") in (
        (ROOT / ".ci/run").read_text()
    )
    assert run in (ROOT / ".github/workflows/main.yml").read_text().replace("cores 4", "cores 8")


def test_every_document_is_linked_from_the_readme():
    readme = ROOT / "README.md"
    linked = {ROOT / path for path, _ in LINK.findall(readme.read_text())}
    assert not set(ROOT.glob("docs/*.md")) - linked


@pytest.mark.parametrize("document", ["README.md", "config/README.md"])
def test_the_ten_lines_are_a_complete_config_that_leaves_the_networks_to_the_plan(document):
    [ten_lines] = re.findall(r"```yaml\n(.*?)```", (ROOT / document).read_text(), re.DOTALL)
    schema = configuration.load_schema(ROOT / "workflow/schemas/config.schema.yaml")
    assert len(ten_lines.splitlines()) <= 10
    assert plan.needed(configuration.complete(yaml.safe_load(ten_lines), schema, document))
