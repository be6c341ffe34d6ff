"""Nothing that comes with a study can run code: what sources must not call (docs/security.md)."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SOURCES = sorted([*ROOT.glob("workflow/scripts/**/*.py"), *ROOT.glob("benchmarks/*.py")])
RULE_FILES = [ROOT / "Snakefile", *sorted(ROOT.glob("workflow/**/*.smk"))]

MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "telnetlib"}
SERVERS = {"http.server", "socketserver", "xmlrpc", "flask", "uvicorn", "ftplib"}
BUILTINS = {"eval", "exec", "compile", "__import__"}
CALLS = {
    "os.system",
    "os.popen",
    "yaml.load",
    "yaml.unsafe_load",
    "yaml.full_load",
    "pd.read_pickle",
    "pandas.read_pickle",
    "torch.jit.load",
    "torch.hub.load",
    "torch.export.load",
    "shutil.unpack_archive",
    "importlib.import_module",
}
METHODS = {"to_pickle", "extractall", "extract"}
"""Of any object; `extract` and `extractall` of an archive can write anywhere."""
BACKENDS = "workflow/scripts/cellpheno/detection/backends"
ALLOWED = {
    f"{BACKENDS}/model_zoo.py": {"imports pickle"},
    f"{BACKENDS}/registry.py": {"calls importlib.import_module"},
}
"""Sources that do so with care: a reader of pickles that calls nothing (test_model_zoo.py), and
imports by names that are in a table of the library, not in a file."""


def name_of(node):
    """Return the dotted name of what is called, such as os.system."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id if isinstance(node, ast.Name) else "?", *reversed(parts)])


def keyword(call, name):
    """Return the value of a keyword argument, None where it is not given, "?" where computed."""
    for each in call.keywords:
        if each.arg == name:
            return each.value.value if isinstance(each.value, ast.Constant) else "?"
    return None


def faults(text):
    """Yield the forbidden calls of a source."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names]
            module = getattr(node, "module", None)
            for name in [module] if module else names:
                if name.split(".")[0] in MODULES or name in SERVERS:
                    yield f"imports {name}"
        if not isinstance(node, ast.Call):
            continue
        name = name_of(node.func)
        if name in BUILTINS | CALLS:
            yield f"calls {name}"
        if isinstance(node.func, ast.Attribute) and node.func.attr in METHODS:
            yield f"calls {node.func.attr}"
        if name.endswith("torch.load") and keyword(node, "weights_only") is not True:
            yield "torch.load without weights_only=True"
        if name in ("np.load", "numpy.load") and keyword(node, "allow_pickle") not in (None, False):
            yield "np.load with allow_pickle"
        if keyword(node, "shell") not in (None, False):
            yield f"{name} with a shell"


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "from joblib import load",
        "import http.server",
        "eval(config['rule'])",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "np.load(path, allow_pickle=True)",
        "np.load(path, allow_pickle=trusted)",
        "yaml.load(text)",
        "os.system(command)",
        "subprocess.run(command, shell=True)",
        "archive.extractall(folder)",
        "frame.to_pickle(path)",
    ],
)
def test_the_scan_finds_what_it_looks_for(text):
    assert list(faults(text))


@pytest.mark.parametrize(
    "text",
    [
        "torch.load(path, map_location='cpu', weights_only=True)",
        "np.load(path, mmap_mode='r')",
        "np.load(path, allow_pickle=False)",
        "yaml.safe_load(text)",
        "subprocess.run(['git', 'status'])",
        "network.eval()",
        "re.compile('a')",
    ],
)
def test_the_scan_lets_pass_what_is_harmless(text):
    assert list(faults(text)) == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_source_can_be_made_to_run_what_it_reads(path):
    allowed = ALLOWED.get(path.relative_to(ROOT).as_posix(), set())
    assert set(faults(path.read_text())) - allowed == set()


def test_a_config_of_hugging_face_s_cannot_make_a_job_ask_the_network():
    common = ROOT / "workflow/rules/common.smk"
    assert 'os.environ["HF_HUB_OFFLINE"] = "1"' in common.read_text().splitlines()


@pytest.mark.parametrize("path", RULE_FILES, ids=lambda path: path.name)
def test_a_rule_gives_a_shell_nothing_that_is_not_quoted(path):
    text = path.read_text()
    assert not re.search(r"^ +run:", text, re.MULTILINE)
    for command in re.findall(r"^ +shell:\n((?: {8,}.*\n|\n)+)", text, re.MULTILINE):
        code = "".join(line for line in command.splitlines() if not line.strip().startswith("#"))
        for value in re.findall(r"(?<!\{)\{([^{}]+)\}(?!\})", code):
            assert value.endswith(":q"), f"{{{value}}} of {path.name} is not quoted"
            assert not value.startswith("config"), value


@pytest.mark.parametrize("path", RULE_FILES, ids=lambda path: path.name)
def test_a_rule_file_runs_nothing_of_the_config(path):
    text = path.read_text()
    for word in (r"\beval\(", r"\bexec\(", r"\bos\.system", r"\bshell\(", r"shell=True", "pickle"):
        assert not re.search(word, text), word
