"""A section of the config with the overrides of one of its entries."""

from typing import Any

Config = dict[str, Any]

AUTO = "auto"
"""Value of a key that the plan chooses, where the schema says `auto: true`."""


def experiment(config: Config, name: str) -> Config:
    """Return the `classification` section with the overrides of one experiment."""
    return merged(config["classification"], config["experiments"][name])


def detector(config: Config, name: str) -> Config:
    """Return the `detection` section with the overrides of one detector."""
    return merged(config["detection"], config["detectors"][name])


def merged(base: Config, override: Config) -> Config:
    """Return a section with overrides, merging nested sections key by key."""
    result = dict(base)
    for key, value in override.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result
