"""What a killed run leaves in its folder, so that the same command can go on."""

import contextlib
import fcntl
import socket
from pathlib import Path
from typing import TextIO

_held: list[TextIO] = []
"""Open for as long as the process lives, which the lock does too."""


def take_over(folder: Path) -> bool:
    """Remove Snakemake's locks if every run that could have made them is dead.

    Snakemake marks what a run makes by files, which outlive it when it is killed with SIGKILL, or
    when the machine goes down: it then refuses to start until it is told `--unlock`. A lock of the
    operating system dies with its process, so every run shares one for as long as it lives, and
    who can have it alone is the only run. Jobs that outlive a killed run do no harm: outputs get
    their name when they are whole (`files`), and the same job makes the same output.

    Parameters
    ----------
    folder
        `.snakemake` of the working directory.

    Returns
    -------
    bool
        Whether locks were removed. They are left where another run is alive, where runs have been
        started on more than one machine (some shared disks do not tell a lock to other machines),
        and where the disk knows no locks.
    """
    folder.mkdir(parents=True, exist_ok=True)
    holder = (folder / "cellpheno.lock").open("a+")
    _held.append(holder)
    alone = _lock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    holder.seek(0)
    machines, here = set(holder.read().split()), socket.gethostname()
    if here not in machines:
        holder.write(f"{here}\n")
        holder.flush()
    removed = False
    if alone and machines == {here}:
        for lock in (folder / "locks").glob("*.lock"):
            with contextlib.suppress(FileNotFoundError):
                lock.unlink()
                removed = True
    _lock(holder, fcntl.LOCK_SH)
    return removed


def _lock(holder: TextIO, how: int) -> bool:
    try:
        fcntl.flock(holder, how)
    except OSError:
        return False
    return True
