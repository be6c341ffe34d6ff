import ast
from pathlib import Path

import pytest

from cellpheno.core import code_hash
from cellpheno.study.detector_libraries import BACKENDS

SCRIPTS = Path(__file__).parents[3] / "workflow/scripts"

FILES = {
    "run.py": "from cellpheno import job\nfrom cellpheno.images import store\n",
    "other.py": "from cellpheno.tables import BOXES\n",
    "cellpheno/__init__.py": "",
    "cellpheno/job.py": "",
    "cellpheno/tables.py": "import cellpheno.files\n",
    "cellpheno/files.py": "",
    "cellpheno/images/__init__.py": "",
    "cellpheno/images/store.py": "def f():\n    from cellpheno import files\n",
    "cellpheno/images/readers.py": "",
}


def test_all_modules_behind_a_script_are_found_also_those_imported_within_functions():
    assert set(code_hash.behind("run.py", FILES.get)) == {
        "run.py",
        "cellpheno/__init__.py",
        "cellpheno/job.py",
        "cellpheno/images/__init__.py",
        "cellpheno/images/store.py",
        "cellpheno/files.py",
    }


def test_the_hash_changes_exactly_when_a_module_behind_the_script_changes():
    def code_ids(**edited):
        files = {**FILES, **edited}
        return code_hash.code_id("run.py", files.get), code_hash.code_id("other.py", files.get)

    run, other = code_ids()
    assert code_ids(**{"cellpheno/images/store.py": "x = 1\n"}) != (run, other)
    assert code_ids(**{"cellpheno/images/store.py": "x = 1\n"})[1] == other
    assert code_ids(**{"cellpheno/files.py": "x = 1\n"})[0] != run
    assert code_ids(**{"cellpheno/files.py": "x = 1\n"})[1] != other
    assert code_ids(**{"cellpheno/images/readers.py": "x = 1\n"}) == (run, other)


def test_modules_of_the_config_count_and_those_that_only_word_messages_do_not():
    files = {**FILES, "run.py": "from cellpheno.core import errors\n"}
    files["cellpheno/core/errors.py"] = "from cellpheno import job\n"
    files["cellpheno/core/__init__.py"] = ""

    def code_id(*modules, **edited):
        return code_hash.code_id("run.py", {**files, **edited}.get, modules)

    assert (
        code_id(**{"cellpheno/core/errors.py": "from cellpheno import job\nx = 1\n"}) == code_id()
    )
    assert code_id(**{"cellpheno/job.py": "x = 1\n"}) != code_id(), "it is no message"
    assert code_id("cellpheno/files.py") != code_id()


def behind_rule(script):
    """The modules that count for a rule of a study with torchvision's detectors."""

    def read(name):
        path = SCRIPTS / name
        return path.read_text() if path.is_file() else None

    found = set(code_hash.behind(f"{script}.py", read))
    if "cellpheno/detection/backends/registry.py" in found:
        own = f"cellpheno/detection/backends/{BACKENDS['torchvision'].module}.py"
        found = set(code_hash.behind(f"{script}.py", read, [own]))
    return {name.removeprefix("cellpheno/") for name in found - code_hash.EXEMPT}


SLOW = ["convert_fields", "train_detector", "detect_cells", "train_classifier", "classify_cells"]
"""Scripts whose results take hours to make again."""


@pytest.mark.parametrize("script", SLOW)
def test_what_takes_hours_depends_on_no_message_figure_report_or_other_library(script):
    modules = behind_rule(script)
    assert not modules & {"core/errors.py", "core/job.py", "core/notices.py", "core/progress.py"}
    assert "core/threads.py" in modules, "sums depend on it"
    assert not modules & {f"detection/backends/{name}.py" for name in ("detr", "detectron")}
    assert not modules & {"tables/target.py", "tables/statistics.py", "study/first_page.py"}
    assert not {name.split("/")[0] for name in modules} & {"figures", "statistics", "target"}


def test_trainings_depend_on_what_they_learn_with():
    assert {"detection/training.py", "detection/backends/faster_rcnn.py"} <= behind_rule(
        "train_detector"
    )
    assert {"classification/training.py", "networks/backbones.py"} <= behind_rule(
        "train_classifier"
    )


def test_imports_over_several_lines_and_under_other_names_are_found():
    text = "from cellpheno.images import (\n    readers,\n    store as fields,\n)\n"
    assert code_hash.imported(text) == ("cellpheno.images.readers", "cellpheno.images.store")
    assert code_hash.imported("import cellpheno.files as f\n") == ("cellpheno.files",)
    assert code_hash.imported("import pandas\nfrom torch import nn\n") == ()


def test_every_import_that_python_sees_in_the_library_is_found_by_its_text():
    count = 0
    for path in SCRIPTS.rglob("*.py"):
        found = code_hash.imported(path.read_text())
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            own = [name for name in names if name.split(".")[0] == code_hash.PACKAGE]
            assert set(own) <= set(found), path
            count += len(own)
    assert count > 500


def test_the_library_uses_no_relative_imports_which_the_hash_would_miss():
    for path in SCRIPTS.rglob("*.py"):
        assert "from ." not in path.read_text(), path
