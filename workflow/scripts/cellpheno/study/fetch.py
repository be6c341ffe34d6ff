"""The config's `fetch`."""

from cellpheno.core.errors import StudyError
from cellpheno.study.overrides import Config


def check(config: Config, source: str) -> None:
    """Refuse downloads without a property that could reveal a wrong or endless file."""
    known = ("size", "md5", "sha256", "git_blob", "max_size")
    for entry in config.get("fetch", {}).get("files", []):
        if all(entry[key] is None for key in known):
            raise StudyError(
                f"{source}: fetch.files has nothing to check {entry['url']} against; give its "
                "size, md5, sha256 or git_blob, or at least max_size, the most bytes that it may "
                "have."
            )
