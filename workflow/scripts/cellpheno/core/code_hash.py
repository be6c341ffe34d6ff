"""Which library modules stand behind a script, and a hash of their content.

Snakemake looks at neither an imported module nor the content of a script, only at the script's
date. The hash, given to a rule as a parameter, reruns exactly the rules whose code has changed,
and nothing after a fresh checkout.
"""

import functools
import hashlib
import re
from collections.abc import Callable

PACKAGE = "cellpheno"
_IMPORT = re.compile(
    rf"^[ \t]*(?:from ({PACKAGE}[.\w]*) import (\([^)]*\)|.*)|import ({PACKAGE}[.\w]*))",
    re.MULTILINE,
)
"""Parsing the library would take a third of the time that Snakemake needs to plan a study."""


@functools.cache  # each library module stands behind many scripts
def imported(source: str) -> tuple[str, ...]:
    """Return the dotted names of what a Python source imports from the library.

    `from cellpheno.images import store` may mean a module `cellpheno.images.store` or a name in
    `cellpheno.images`.
    """
    found = []
    for module, names, alone in _IMPORT.findall(source):
        found += [f"{module}.{name}" for name in re.findall(r"\w+", names)] or [module or alone]
    return tuple(found)


def behind(script: str, read: Callable[[str], str | None]) -> dict[str, str]:
    """Return the text of a script and of every library module it reaches, by file name.

    Parameters
    ----------
    script
        File name relative to the scripts.
    read
        Gives the text of a file, or None when there is no such file.
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
                # below a module, which is no package, are names
                if reach(f"{place}.py") or not reach(f"{place}/__init__.py"):
                    break
        return True

    reach(script)
    return sources


def code_id(script: str, read: Callable[[str], str | None]) -> str:
    """Return a hash that changes when a script, or any library module it reaches, changes."""
    digest = hashlib.sha256()
    for name, text in sorted(behind(script, read).items()):
        digest.update(f"{name}\0{text}\0".encode())
    return digest.hexdigest()[:12]
