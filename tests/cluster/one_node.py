"""A SLURM of one node on loopback, with GPUs that are none, to run the workflow through for real.

    python tests/cluster/one_node.py install | start | stop

Needs root and Debian's packages slurm-wlm and munge; no systemd, no cgroups, no database. A GPU is
a character device that works like /dev/null: SLURM counts it, grants it and sets
CUDA_VISIBLE_DEVICES, and no program could compute on it.
"""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch", "runuser")
PACKAGES = ("slurm-wlm", "munge")
# The executor's inner srun is not given SLURM_CONF, so that the files must lie where SLURM looks.
SITE = Path("/etc/slurm")
ROOT = Path(tempfile.gettempdir()) / "cellpheno-one-node"
SOCKET = Path("/run/munge/munge.socket.2")
GPUS = 2

CONFIGURATION = """\
ClusterName=one
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
AuthType=auth/munge
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={root}/controller
SlurmdSpoolDir={root}/node
SlurmctldPidFile={root}/slurmctld.pid
SlurmdPidFile={root}/slurmd.pid
SlurmctldLogFile={root}/log/slurmctld.log
SlurmdLogFile={root}/log/slurmd.log
MpiDefault=none
SwitchType=switch/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc={root}/log/jobs.txt
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=2,sched_interval=2,batch_sched_delay=0
ReturnToService=2
MinJobAge=3600
JobRequeue=0
KillWait=2
SlurmctldTimeout=60
SlurmdTimeout=10
SlurmdParameters=config_overrides
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory={memory} Gres=gpu:h200:{gpus}
PartitionName=cpu Nodes={host} Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
PartitionName=gpu Nodes={host} MaxTime=INFINITE State=UP OverSubscribe=NO
"""


def obstacle() -> str | None:
    """Return why no node can be started here, or None."""
    if os.geteuid():
        return "SLURM's daemons need root to be started"
    missing = [name for name in PROGRAMS if not shutil.which(name, path=_path())]
    if missing:
        return f"{', '.join(missing)} not installed (Debian: {' '.join(PACKAGES)})"
    configured = SITE / "slurm.conf"
    if os.path.lexists(configured) and configured.resolve().parent != ROOT:
        return f"{configured} is there: this machine belongs to a cluster"
    return None


def install() -> None:
    """Install Debian's packages."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], check=True, env=environment)
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *PACKAGES]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)


def start() -> None:
    """Start the daemons and wait until the node is idle."""
    reason = obstacle()
    if reason:
        raise SystemExit(f"no SLURM node can be started: {reason}")
    stop()
    shutil.rmtree(ROOT, ignore_errors=True)
    _configure()
    munged = ["munged", f"--key-file={ROOT}/munge/key", f"--socket={SOCKET}"]
    munged += [f"--{name}-file={ROOT}/munge/{name}" for name in ("pid", "log", "seed")]
    _run("runuser", "-u", "munge", "--", *munged)
    _run("slurmctld", "-c")
    start_node()


def start_node() -> None:
    """Start the node's daemon, as after a reboot, and wait until it takes jobs."""
    _run("slurmd")
    for _ in range(300):
        state = node_state().rstrip("*")
        if state in ("idle", "mixed", "allocated"):
            return
        if state == "inval":
            break
        time.sleep(0.2)
    logs = "\n".join(path.read_text()[-2000:] for path in sorted((ROOT / "log").glob("*.log")))
    raise RuntimeError(f"the node is {node_state()!r}:\n{logs}")


def node_state() -> str:
    """Return the state of the node as SLURM tells it, such as idle, mixed or down."""
    done = subprocess.run(
        ["timeout", "5", "sinfo", "-h", "-N", "-o", "%T", "-p", "cpu"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip()


def lose_node() -> None:
    """Take the node away with all that runs on it, as a power cut would."""
    with contextlib.suppress(OSError, ValueError):
        os.kill(_process("slurmd"), signal.SIGKILL)
    for steps in _children_of("slurmstepd"):
        for process in steps:
            with contextlib.suppress(OSError):
                os.kill(process, signal.SIGKILL)


def _children_of(name: str) -> list[list[int]]:
    """Return, for each process of that name of this node, it and all its descendants."""
    parents: dict[int, int] = {}
    found = []
    for status in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):
            values = dict(line.split(":\t", 1) for line in status.read_text().splitlines()[:12])
            process = int(status.parent.name)
            parents[process] = int(values["PPid"])
            if values["Name"] == name:
                found.append(process)

    def family(process: int) -> list[int]:
        return [process, *(p for c, up in parents.items() if up == process for p in family(c))]

    return [family(process) for process in found]


def jobs() -> list[dict[str, str]]:
    """Return what SLURM knows of every job since the start, as `scontrol show job` names it."""
    shown = subprocess.run(
        ["timeout", "20", "scontrol", "-o", "-d", "show", "job"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    records = [line.split() for line in shown.splitlines() if line.startswith("JobId=")]
    return [dict(word.split("=", 1) for word in words if "=" in word) for words in records]


def stop() -> None:
    """Stop the daemons and leave no configuration behind.

    With the executor installed every start of Snakemake asks the controller that is configured,
    and waits 9 seconds for a dead one.
    """
    if _alive("slurmctld"):
        subprocess.run(["timeout", "10", "scancel", "-f", "-u", "root"], check=False)
    for name in ("slurmd", "slurmctld", "munge/pid"):
        _end(name)
    for name in ("slurm.conf", "gres.conf", "cgroup.conf"):
        path = SITE / name
        if path.is_symlink() and path.readlink().parent == ROOT:
            path.unlink()


def _configure() -> None:
    for name in ("controller", "node", "log", "munge"):
        (ROOT / name).mkdir(parents=True)
    for folder in (ROOT / "munge", SOCKET.parent):
        folder.mkdir(mode=0o755, exist_ok=True)
        shutil.chown(folder, "munge")
    key = ROOT / "munge/key"
    key.write_bytes(secrets.token_bytes(32))
    key.chmod(0o400)
    shutil.chown(key, "munge")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20 - 512
    host = socket.gethostname().split(".")[0]
    # more cores than the machine has: so short jobs wait for files and processes most of the time
    cores = max(4, os.cpu_count() or 1)
    text = CONFIGURATION.format(root=ROOT, host=host, cores=cores, memory=memory, gpus=GPUS)
    (ROOT / "slurm.conf").write_text(text)
    lines = []
    for number in range(GPUS):
        # a GPU without a device file is dropped from the node's list
        os.mknod(ROOT / f"gpu{number}", 0o20666, os.makedev(1, 3))
        lines.append(f"NodeName={host} Name=gpu Type=h200 File={ROOT}/gpu{number}\n")
    (ROOT / "gres.conf").write_text("".join(lines))
    (ROOT / "cgroup.conf").write_text("CgroupAutomount=no\n")
    SITE.mkdir(exist_ok=True)
    for name in ("slurm.conf", "gres.conf", "cgroup.conf"):
        (SITE / name).symlink_to(ROOT / name)


def _path() -> str:
    """Return where programs lie; those of administrators are not on everyone's path."""
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def _run(*command: str) -> None:
    subprocess.run(command, check=True, env={**os.environ, "PATH": _path()})


def _process(name: str) -> int:
    """Return the number of a daemon's process, from the file that it keeps."""
    path = ROOT / (name if "/" in name else f"{name}.pid")
    return int(path.read_text())


def _alive(name: str) -> bool:
    try:
        os.kill(_process(name), 0)
    except (OSError, ValueError):
        return False
    return True


def _end(name: str) -> None:
    with contextlib.suppress(OSError, ValueError):
        os.kill(_process(name), signal.SIGTERM)
        for _ in range(50):
            if not _alive(name):
                return
            time.sleep(0.1)
        os.kill(_process(name), signal.SIGKILL)


if __name__ == "__main__":
    {"install": install, "start": start, "stop": stop}[sys.argv[1]]()
