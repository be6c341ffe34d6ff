import ast
from pathlib import Path

from cellpheno.core import code_hash

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


def test_imports_over_several_lines_and_under_other_names_are_found():
    text = "from cellpheno.images import (\n    readers,\n    store as fields,\n)\n"
    assert {"cellpheno.images.readers", "cellpheno.images.store"} <= set(code_hash.imported(text))
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
