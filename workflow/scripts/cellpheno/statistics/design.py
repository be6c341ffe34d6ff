"""Decide whether a condition and control are compared within blocks, such as days."""

from collections.abc import Collection

PAIRED, INDEPENDENT, AUTO = "paired", "independent", "auto"

FEWEST_BLOCKS = 3
"""Blocks from which `auto` pairs; two leave a test one degree of freedom."""


def choose(
    asked: str, unit: str, control: Collection[str], condition: Collection[str]
) -> tuple[str, str]:
    """Return the design of one comparison, `paired` or `independent`, and the reason in words.

    `control` and `condition` are the names of the replicates that have a value; those of one name
    are one block. `auto` pairs if there are at least `FEWEST_BLOCKS` and more than half of the
    replicates of either side are in one. Then pairing keeps the nominal level whether or not blocks
    differ, and the replicates that it leaves out cost less power than blocks that differ
    (benchmarks/paired_design.py). Units within replicates have no partner, so they are never
    paired.
    """
    if asked == INDEPENDENT:
        return INDEPENDENT, "as the config says"
    if unit != "replicate":
        return INDEPENDENT, f"{unit}s have no partner under the other condition"
    shared = set(control) & set(condition)
    enough = len(shared) >= FEWEST_BLOCKS and 2 * len(shared) > max(len(control), len(condition))
    n = len(shared)
    found = f"{n} replicate{' has' if n == 1 else 's have'} one name under both conditions"
    if asked == AUTO and not enough:
        few = f"pairing needs {FEWEST_BLOCKS}, and more than half of the replicates"
        return INDEPENDENT, f"{found}; {few}"
    sides = {"control": control, "the condition": condition}
    alone = {
        side: ", ".join(sorted(set(names) - shared))
        for side, names in sides.items()
        if set(names) - shared
    }
    left_out = " and ".join(f"{names} of {side}" for side, names in alone.items())
    return PAIRED, f"{found}; left out without a partner: {left_out}" if left_out else found
