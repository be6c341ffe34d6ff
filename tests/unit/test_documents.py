"""Links within the documents lead somewhere, and their commands are those that are run."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("config/*.md")])
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")


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
