"""Which library modules stand behind a script, and a hash of their content.

Snakemake looks at neither an imported module nor the content of a script, only at the script's
date. The hash, given to a rule as a parameter, reruns exactly the rules whose code has changed,
and nothing after a fresh checkout.
"""

import ast
import functools
import hashlib
from collections.abc import Callable

PACKAGE = "cellpheno"


@functools.cache  # each library module stands behind many scripts
def candidates(source: str) -> tuple[str, ...]:
    """Return the files that the imports of a Python source may mean, relative to the scripts.

    `from cellpheno.images import store` may mean a module `cellpheno/images/store.py` or a name
    in `cellpheno/images.py` or `cellpheno/images/__init__.py`: all are returned.
    """
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            parts = name.split(".")
            if parts[0] == PACKAGE:
                for end in range(1, len(parts) + 1):
                    found.append("/".join(parts[:end]) + ".py")
                    found.append("/".join(parts[:end]) + "/__init__.py")
    return tuple(dict.fromkeys(found))


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
    todo = [script]
    while todo:
        name = todo.pop()
        if name in sources:
            continue
        text = read(name)
        if text is not None:
            sources[name] = text
            todo.extend(candidates(text))
    return sources


def code_id(script: str, read: Callable[[str], str | None]) -> str:
    """Return a hash that changes when a script, or any library module it reaches, changes."""
    digest = hashlib.sha256()
    for name, text in sorted(behind(script, read).items()):
        digest.update(f"{name}\0{text}\0".encode())
    return digest.hexdigest()[:12]
