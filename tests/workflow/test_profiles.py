"""The profiles: what a site fills in covers every GPU rule, and nothing of a site is in force."""

from pathlib import Path

import pytest
import yaml
from test_rules import EMBEDS, USES_A_GPU, WORKING

PROFILES = Path(__file__).parents[2] / "profiles"
SLURM = (PROFILES / "slurm/profile.yaml").read_text()


def suggested(key):
    """Return a section that stands in comments, to be uncommented at a site."""
    lines = SLURM.splitlines()
    start = lines.index(f"# {key}:")
    section = [lines[start]]
    for line in lines[start + 1 :]:
        if line in ("#", ""):
            break
        if line.startswith("#   "):
            section.append(line)
    return yaml.safe_load("\n".join(line.removeprefix("# ") for line in section))[key]


def test_the_slurm_profile_lists_every_gpu_rule_and_no_other():
    """A new GPU rule that is not listed would be sent to a partition without GPUs."""
    listed = suggested("set-resources")
    assert set(listed) == USES_A_GPU | EMBEDS
    assert set(WORKING) >= USES_A_GPU
    assert all(resources["slurm_partition"] == "gpu" for resources in listed.values())


def test_rules_that_say_they_use_a_gpu_are_all_known_as_such():
    uses = {name for name, rule in WORKING.items() if rule.resources["gpu"]}
    assert uses == USES_A_GPU | EMBEDS


def test_the_slurm_profile_is_in_force_without_anything_of_a_site():
    profile = yaml.safe_load(SLURM)
    assert profile["executor"] == "slurm"
    assert profile["retries"] > 0
    assert set(profile["default-resources"]) == {"mem_mb", "runtime"}
    for word in ("partition", "account", "gpu_model", "gres", "keep-incomplete"):
        assert word not in "\n".join(line for line in SLURM.splitlines() if line[:1] != "#")


@pytest.mark.parametrize("key", ["rerun-incomplete", "show-failed-logs", "rerun-triggers"])
def test_the_profiles_share_what_replacing_one_by_the_other_would_lose(key):
    """--workflow-profile profiles/slurm takes the place of profiles/default."""
    default = yaml.safe_load((PROFILES / "default/profile.yaml").read_text())
    assert yaml.safe_load(SLURM)[key] == default[key]
