"""A hash of a script and of the library modules it imports.

Snakemake checks the date of a script, not its content or the modules it imports. The hash, passed
to a rule as a parameter, reruns exactly the rules whose code changed, and none after a checkout.
Modules that change messages and logs, but no result, are left out.
"""

import functools
import hashlib
import re
from collections.abc import Callable, Iterable

PACKAGE = "cellpheno"
EXEMPT = frozenset(
    f"{PACKAGE}/core/{name}.py" for name in ("errors", "files", "job", "notices", "progress")
)
"""Modules that word messages, write logs and name files: an edit of them reruns nothing."""
_IMPORT = re.compile(
    rf"^[ \t]*(?:from ({PACKAGE}[.\w]*) import (\([^)]*\)|.*)|import ({PACKAGE}[.\w]*))",
    re.MULTILINE,
)
"""A regular expression, as parsing would take a third of the time needed to plan a study."""


@functools.cache  # many scripts import the same modules
def imported(source: str) -> tuple[str, ...]:
    """Return the dotted names that a Python source imports from the library.

    `cellpheno.images.store` may be a module, or a name in the package `cellpheno.images`.
    """
    found = []
    for module, names, alone in _IMPORT.findall(source):
        names = re.sub(r"\bas\s+\w+", "", names)  # a look-up of each in vain takes seconds by HTTP
        found += [f"{module}.{name}" for name in re.findall(r"\w+", names)] or [module or alone]
    return tuple(found)


def behind(
    script: str, read: Callable[[str], str | None], modules: Iterable[str] = ()
) -> dict[str, str]:
    """Return the sources of a script and of every library module it imports, by file name.

    `read` returns the text of a file, named relative to the scripts, or None if there is no such
    file. `modules` are files that the script imports by a name from the config.
    """
    sources: dict[str, str] = {}

    def reach(name: str) -> bool:
        if name in sources:
            return True
        text = read(name)
        if text is None:
            return False
        sources[name] = text
        for dotted in imported(text):
            parts = dotted.split(".")
            for end in range(1, len(parts) + 1):
                place = "/".join(parts[:end])
                # a name after a module is not a module
                if reach(f"{place}.py") or not reach(f"{place}/__init__.py"):
                    break
        return True

    for name in (script, *modules):
        reach(name)
    return sources


def code_id(script: str, read: Callable[[str], str | None], modules: Iterable[str] = ()) -> str:
    """Return a hash that changes when a script, or a library module that it uses, changes.

    `modules` are as in `behind`; the modules in `EXEMPT` do not count.
    """
    digest = hashlib.sha256()
    for name, text in sorted(behind(script, read, modules).items()):
        if name in EXEMPT:
            continue
        digest.update(f"{name}\0{text}\0".encode())
    return digest.hexdigest()[:12]
