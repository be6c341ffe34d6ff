"""Rooms of the library lie in the order in which a field of view travels; each uses those above."""

import ast
import re
from pathlib import Path

import pytest

LIBRARY = Path(__file__).parents[2] / "workflow/scripts/cellpheno"
ROOMS = [
    "core",
    "tables",
    "measuring",
    "study",
    "sheets",
    "fetching",
    "images",
    "annotations",
    "simulation",
    "splits",
    "networks",
    "detection",
    "candidates",
    "labels",
    "classification",
    "planning",
    "calls",
    "target",
    "embedding",
    "statistics",
    "figures",
]


def imported_rooms(text: str) -> set[str]:
    rooms = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("cellpheno"):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        rooms |= {name.split(".")[1] for name in names if name.startswith("cellpheno.")}
    return rooms


def test_every_module_lies_in_a_room():
    assert [path.name for path in LIBRARY.glob("*.py")] == ["__init__.py"]
    assert sorted(path.parent.name for path in LIBRARY.glob("*/__init__.py")) == sorted(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_itself_and_the_rooms_above(room):
    above = set(ROOMS[: ROOMS.index(room) + 1])
    for path in (LIBRARY / room).rglob("*.py"):
        assert imported_rooms(path.read_text()) <= above, path


def test_imports_of_all_forms_are_seen():
    text = "from cellpheno import core\nimport cellpheno.images.store\ndef f():\n"
    text += "    from cellpheno.figures.calls import gallery\n"
    assert imported_rooms(text) == {"core", "images", "figures"}


def test_tests_lie_in_the_same_rooms():
    folders = {path.name for path in (LIBRARY.parents[2] / "tests/unit").iterdir() if path.is_dir()}
    assert folders - {"__pycache__"} <= set(ROOMS)


def test_the_diagram_of_the_architecture_has_the_rooms_in_this_order_and_no_way_back():
    text = (LIBRARY.parents[2] / "docs/architecture.md").read_text()
    [diagram] = re.findall(r"```mermaid\n(.*?)```", text, re.DOTALL)
    assert re.findall(r"^ +(\w+)\[\"(?:\w+):", diagram, re.MULTILINE) == ROOMS
    arrows = re.findall(r"^ +(\w+) -.*?> (\w+)(?: --> (\w+))?$", diagram, re.MULTILINE)
    pairs = [pair for a, b, c in arrows for pair in ((a, b), (b, c)) if pair[1]]
    assert set(ROOMS) == {room for pair in pairs for room in pair}
    simulated = [("simulation", "images")]  # its images are read as if they came from a microscope
    for first, second in pairs:
        assert ROOMS.index(first) < ROOMS.index(second) or [(first, second)] == simulated
