"""The config's `classes`, their groups and their colours."""

from cellpheno.core.errors import StudyError
from cellpheno.core.names import check_known
from cellpheno.study.overrides import Config


def follow(config: Config) -> None:
    """Choose the negative class that the config leaves open, in place: the first.

    Such a study has no class for cells that look like none, so the likeliest class is called. The
    config is the user's, before defaults are filled in; values of the wrong type are left to the
    schema.
    """
    classes = config.get("classes")
    own = config.get("published_study") is None and "negative_class" not in config
    if not own or not isinstance(classes, list) or not classes:
        return
    config["negative_class"] = classes[0]
    calls = config.setdefault("calls", {})
    if isinstance(calls, dict):
        calls.setdefault("threshold", 0.0)


def check(config: Config, source: str) -> None:
    """Refuse names of classes that tables cannot hold, and names that no class has."""
    classes = config["classes"]
    for name in [*classes, *config["class_groups"]]:
        if name in ("all", "NA"):
            raise StudyError(
                f"{source}: a class or group is named {name!r}, a word that the result tables "
                "use themselves; name it otherwise, and map what annotators wrote to that by "
                "annotations.rename."
            )
        if name != " ".join(name.split()) or not name:
            raise StudyError(
                f"{source}: the class or group {name!r} is empty or has stray blanks, which are "
                "taken off annotated names, so that it could not occur; write it without."
            )
    if "negative_class" not in config:
        raise StudyError(
            f"{source}: the key negative_class is missing, which the rule of a published study "
            "needs; name the class of cells that are nothing special."
        )
    check_known(config["negative_class"], classes, f"{source}: negative_class", "classes")
    for group, members in config["class_groups"].items():
        if group in classes:
            raise StudyError(
                f"{source}: class_groups has a group named {group}, as a class is; rename it."
            )
        for member in members:
            check_known(member, classes, f"{source}: class_groups/{group}", "classes")
    named = [*classes, *config["class_groups"]]
    for name in config["figures"]["colours"]:
        check_known(name, named, f"{source}: figures.colours", "classes and groups")
