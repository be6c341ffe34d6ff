"""A warning that a job can give is in a table among the outputs of its rule, and in the report."""

import ast
from pathlib import Path

import pytest
from rule_list import ROOT, configs, matches, registered, rules

SCRIPTS = ROOT / "workflow/scripts"
WARN = "cellpheno.core.notices.warn"


def module(path: Path) -> str:
    parts = path.relative_to(SCRIPTS).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


TREES = {module(path): ast.parse(path.read_text()) for path in SCRIPTS.rglob("*.py")}


def names(tree: ast.Module, name: str) -> dict[str, str]:
    """What the names of a module mean: what it imports from the library, and what it defines."""
    known = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    defined = (node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef))
    return known | {each: f"{name}.{each}" for each in defined}


NAMES = {name: names(tree, name) for name, tree in TREES.items()}


def origin(name: str) -> str:
    """Return where something is defined that a package may only hand on."""
    place, _, last = name.rpartition(".")
    known = NAMES.get(place, {}).get(last, name)
    return name if known == name else origin(known)


def used(node: ast.AST, name: str) -> set[str]:
    """Return what the code uses of the library; a method `warn` counts as one that warns."""
    found = set()
    for part in ast.walk(node):
        match part:
            case ast.Attribute(value=ast.Name(id=before), attr=last) if before in NAMES[name]:
                found.add(origin(f"{NAMES[name][before]}.{last}"))
            case ast.Name(id=word) if word in NAMES[name]:
                found.add(origin(NAMES[name][word]))
            case ast.Attribute(attr="warn"):
                found.add(WARN)
    return found


def scripts_that_may_warn() -> set[str]:
    uses = {name: used(tree, name) for name, tree in TREES.items() if "." not in name}
    for name, tree in TREES.items():
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                uses[f"{name}.{node.name}"] = used(node, name)
    reaches = {WARN}
    while more := {name for name, others in uses.items() if others & reaches} - reaches:
        reaches |= more
    return {name for name in reaches if "." not in name}


MAY_WARN = {
    name: rule
    for name, rule in rules().items()
    if rule.script and rule.script.removesuffix(".py") in scripts_that_may_warn()
}


def test_warnings_are_found_however_deep_in_the_library_they_are_given():
    # by the script itself, through one function and through three
    assert {"judge_fields", "check_maps", "hold_each_out"} <= set(MAY_WARN)


@pytest.mark.parametrize("name", sorted(MAY_WARN))
def test_a_rule_whose_code_may_warn_has_a_table_of_warnings(name):
    text = (SCRIPTS / MAY_WARN[name].script).read_text()
    assert "job.save_warnings(snakemake)" in text
    # a detector may warn only where the config lets it keep the best of too many cells
    assert MAY_WARN[name].warnings or name in ("detect_cells", "compare_detectors")


@pytest.mark.parametrize("study", configs())
def test_every_table_of_warnings_is_collected_for_the_report(study):
    made = registered(study)
    for rule in made["rules"]:
        # folds by request are no part of the study, and not every study asks for every rule
        if not rule["warnings"] or rule["name"] == "hold_each_out":
            continue
        others = set(rule["output"]) - {rule["warnings"]}
        results = [*made["results"], *made["figures"]]
        if any(matches(path, other) for path in results for other in others):
            assert any(matches(path, rule["warnings"]) for path in made["warnings"]), rule["name"]
