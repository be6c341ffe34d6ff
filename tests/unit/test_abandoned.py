"""Locks of a run that was killed are removed, and those of a living one are not."""

import subprocess
import sys
from pathlib import Path

import pytest

from cellpheno import abandoned

SCRIPTS = Path(__file__).parents[2] / "workflow/scripts"
RUN = """
import sys, time
from pathlib import Path
from cellpheno import abandoned
print(abandoned.take_over(Path(sys.argv[1])), flush=True)
(Path(sys.argv[1]) / "locks").mkdir(exist_ok=True)
(Path(sys.argv[1]) / "locks/0.input.lock").touch()
time.sleep(60)
"""


@pytest.fixture
def start(tmp_path):
    """Starts a run in a process of its own, and returns it when it holds its lock."""
    started = []

    def run():
        process = subprocess.Popen(
            [sys.executable, "-c", RUN, str(tmp_path)],
            env={"PYTHONPATH": str(SCRIPTS)},
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        removed = process.stdout.readline() == "True\n"
        while not locks(tmp_path):
            assert process.poll() is None
        return process, removed

    yield run
    for process in started:
        process.kill()
        process.communicate()


def locks(folder):
    return list((folder / "locks").glob("*.lock"))


@pytest.fixture(autouse=True)
def let_go():
    yield
    for holder in abandoned._held:
        holder.close()
    abandoned._held.clear()


def test_locks_of_a_killed_run_are_removed(start, tmp_path):
    process, _ = start()
    process.kill()
    process.wait()
    assert locks(tmp_path)
    assert abandoned.take_over(tmp_path)
    assert not locks(tmp_path)


def test_locks_of_a_living_run_are_left(start, tmp_path):
    start()
    assert not abandoned.take_over(tmp_path)
    assert locks(tmp_path)


def test_locks_of_a_run_on_another_machine_are_left(start, tmp_path):
    process, _ = start()
    process.kill()
    process.wait()
    with (tmp_path / "cellpheno.lock").open("a") as holder:
        holder.write("another-machine\n")
    assert not abandoned.take_over(tmp_path)
    assert locks(tmp_path)


def test_the_next_run_after_a_take_over_can_be_taken_over_too(start, tmp_path):
    for number in range(2):
        process, removed = start()
        assert removed == bool(number)
        process.kill()
        process.wait()


def test_locks_are_left_when_the_first_of_two_runs_has_ended(start, tmp_path):
    first, _ = start()
    start()
    first.kill()
    first.wait()
    assert not abandoned.take_over(tmp_path)
    assert locks(tmp_path)


def test_a_new_folder_has_nothing_to_remove(tmp_path):
    assert not abandoned.take_over(tmp_path / "new")
