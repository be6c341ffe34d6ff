"""The lock, the conda environments and the imports of the scripts agree with each other."""

import ast
import re
import sys
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from rule_list import rules

from cellpheno.core import code_hash
from cellpheno.study.detector_libraries import BACKENDS

ROOT = Path(__file__).parents[3]
SCRIPTS = ROOT / "workflow/scripts"
ENVIRONMENTS = {path.stem: yaml.safe_load(path.read_text()) for path in ROOT.glob("envs/*.yaml")}
RULE_FILES = [ROOT / "Snakefile", *sorted((ROOT / "workflow/rules").glob("*.smk"))]
LOCK_TEXT = (ROOT / "requirements.txt").read_text()
LOCK = {
    canonicalize_name(name): version
    for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", LOCK_TEXT, re.MULTILINE)
}
# `name =1.2` or, where a build is chosen, `name 1.2.* build`
PIN = re.compile(r"(?P<name>[a-z0-9_-]+) (=(?P<minor>[\d.]+)|(?P<any>\S+) (?P<build>\S+))")

# where conda's name of a package is not PyPI's
PYPI_NAMES = {
    "matplotlib-base": "matplotlib",
    "py-opencv": "opencv-python-headless",
    "pytorch": "torch",
    "seaborn-base": "seaborn",
}
# where the name in an import is not PyPI's
IMPORT_NAMES = {
    "bioio-nd2": "bioio_nd2",
    "bioio-ome-zarr": "bioio_ome_zarr",
    "opencv-python-headless": "cv2",
    "opentsne": "openTSNE",
    "pillow": "PIL",
    "pyyaml": "yaml",
    "scikit-learn": "sklearn",
    "umap-learn": "umap",
}
NOT_ON_PYPI = {"python", "ffmpeg"}
# libraries of detectors that are not in the lock
OPTIONAL = {name: each for name, each in BACKENDS.items() if name != "torchvision"}
# environments that hold more than the lock does
OPTIONAL_ENVIRONMENTS = {each.environment for each in OPTIONAL.values()} | {"embedding_gpu"}
# packages of the lock that such an environment has in other versions
BESIDE_THE_LOCK = {"detectron2": {"setuptools", "torch", "torchvision", "pyarrow"}}


def pins(environment):
    """Return the version of each package that an environment asks for, by its name on PyPI."""
    found = {}
    for dependency in ENVIRONMENTS[environment]["dependencies"]:
        match = PIN.fullmatch(dependency)
        assert match, f"{environment}.yaml: {dependency!r} is not of the form `name =1.2`"
        version = match["minor"] or match["any"].removesuffix(".*")
        found[PYPI_NAMES.get(match["name"], match["name"])] = version
    return found


def importable(environment):
    return {IMPORT_NAMES.get(name, name) for name in pins(environment)}


def environments_of(rule):
    """Return the environments that a rule may run in; a detector's depend on its library."""
    if rule.conda == "detector_environment":
        return [backend.environment for backend in BACKENDS.values()]
    if rule.conda.endswith("/embedding_gpu.yaml"):
        return ["embedding", "embedding_gpu"]
    return [Path(rule.conda).stem]


def third_party(tree):
    """Return the packages, not of the standard library, that a parsed source needs to run."""
    names = set()
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
        elif not goes_without(node):
            names |= third_party(node)
    return names - sys.stdlib_module_names - {"cellpheno"}


def goes_without(node):
    """Say whether a block runs for type checkers only, or runs on when an import fails."""
    text = ast.unparse(node) if isinstance(node, ast.If | ast.With | ast.Try) else ""
    return text.startswith("if TYPE_CHECKING") or "ImportError" in text


def read(name):
    path = SCRIPTS / name
    return path.read_text() if path.exists() else None


def module_of(backend):
    return f"cellpheno/detection/backends/{backend.module}.py"


def needs(script, environment=None, read=read):
    """Return the packages that a script needs, itself and through the library."""
    sources = code_hash.behind(script, read)
    if "cellpheno/detection/backends/registry.py" in sources:
        own = [module_of(each) for each in BACKENDS.values() if each.environment == environment]
        sources = code_hash.behind(script, read, own)
    return {name for text in sources.values() for name in third_party(ast.parse(text))}


ALL_PINS = [(name, *pin) for name in sorted(ENVIRONMENTS) for pin in pins(name).items()]
RULES = [
    (name, environment, rule.script)
    for name, rule in sorted(rules().items())
    if rule.works and name != "figure"  # from which rules of figures inherit
    for environment in environments_of(rule)
]


@pytest.mark.parametrize("environment", sorted(ENVIRONMENTS))
def test_an_environment_takes_conda_forge_alone_and_nothing_from_pip(environment):
    assert ENVIRONMENTS[environment].keys() == {"channels", "dependencies"}
    # cuML comes from its makers' channel alone
    makers = ["rapidsai"] if environment == "embedding_gpu" else []
    assert ENVIRONMENTS[environment]["channels"] == [*makers, "conda-forge", "nodefaults"]
    assert all(isinstance(name, str) for name in ENVIRONMENTS[environment]["dependencies"])


@pytest.mark.parametrize(
    ("environment", "package", "version"), [pin for pin in ALL_PINS if pin[1] not in NOT_ON_PYPI]
)
def test_an_environment_and_the_lock_agree_on_the_minor_version(environment, package, version):
    outside = environment in OPTIONAL_ENVIRONMENTS and package not in LOCK
    if outside or package in BESIDE_THE_LOCK.get(environment, ()):
        pytest.skip("chosen by what the optional package is built for")
    assert package in LOCK, f"add {package} to requirements.in"
    assert Version(LOCK[package]).release[:2] == Version(version).release


def test_environments_of_rules_name_one_python_and_the_one_of_snakemake_none():
    python = {name: pins(name).get("python") for name in ENVIRONMENTS}
    # Snakemake adds this one to the Python that runs it, and refuses a version chosen here
    assert python.pop("snakemake") is None
    assert set(python.values()) == {"3.12"}


@pytest.mark.parametrize(("rule", "environment", "script"), RULES)
def test_the_environment_of_a_rule_holds_all_that_its_script_imports(rule, environment, script):
    if script:
        assert needs(script, environment) - importable(environment) == set()


def test_an_optional_environment_holds_what_it_is_for():
    for library, backend in OPTIONAL.items():
        wanted = third_party(ast.parse(read(module_of(backend))))
        assert library in wanted <= importable(backend.environment)
        assert library not in importable("torch")


def test_the_environment_of_snakemake_has_all_that_the_rule_files_import():
    names = set()
    for path in RULE_FILES:
        # an import may go over several lines, within brackets
        pattern = r"^(?:import|from) (?:[^(\n]+\([^)]*\)|.+$)"
        imports = "\n".join(re.findall(pattern, path.read_text(), re.MULTILINE))
        names |= needs("", read=lambda name, imports=imports: read(name) if name else imports)
    # Snakemake itself needs Jinja
    assert names - importable("snakemake") == {"snakemake", "jinja2"}


def test_there_is_a_rule_for_every_environment():
    used = {environment for _, environment, _ in RULES}
    assert used | {"snakemake"} == set(ENVIRONMENTS)


def test_the_lock_holds_what_was_asked_for():
    lines = (ROOT / "requirements.in").read_text().splitlines()
    for line in filter(None, (line.split("#")[0].strip() for line in lines)):
        asked = Requirement(line)
        assert asked.specifier.contains(LOCK[canonicalize_name(asked.name)]), line


@pytest.mark.parametrize("types", ["pandas-stubs", "scipy-stubs", "types-pyyaml"])
def test_the_types_of_a_library_are_those_of_its_minor_version(types):
    library = types.removeprefix("types-").removesuffix("-stubs")
    assert Version(LOCK[types]).release[:2] == Version(LOCK[library]).release[:2]


def test_every_package_of_the_lock_has_an_exact_version_and_hashes():
    packages = re.split(r"\n(?=\S)", LOCK_TEXT)
    packages = [package for package in packages if not package.startswith("#")]
    assert len(packages) == len(LOCK)
    assert all("--hash=sha256:" in package for package in packages)


def test_the_lock_names_no_index_and_no_place_and_no_local_build():
    for word in ("://", "--index-url", "--extra-index-url", "--find-links", " @ "):
        assert word not in LOCK_TEXT
    assert not [name for name, version in LOCK.items() if "+" in version]
    header = LOCK_TEXT.split("\n")[:2]
    assert not re.search(r"(^|\s)[./~]", "".join(header))


def test_no_package_of_the_lock_is_under_the_gpl():
    # only its Emacs mode, which the package does not install, is under the GPL
    allowed = {"docutils"}
    refused = set()
    for name in LOCK.keys() - allowed:
        try:
            package = metadata.metadata(name)
        except metadata.PackageNotFoundError:  # of another platform
            continue
        licences = [package.get("License-Expression"), (package.get("License") or "")[:80]]
        licences += [c for c in package.get_all("Classifier", []) if c.startswith("License ::")]
        text = " ".join(filter(None, licences))
        if re.search(r"\bA?GPL|(?<!Lesser )General Public|Affero", text):
            refused.add(name)
    assert refused == set()
