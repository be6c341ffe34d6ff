"""The config's `calls`."""

from cellpheno.core.names import check_known
from cellpheno.study.overrides import Config


def check(config: Config, source: str) -> None:
    """Refuse a target that is none of the classes."""
    if config["calls"]["target"] is not None:
        check_known(
            config["calls"]["target"], config["classes"], f"{source}: calls.target", "classes"
        )
