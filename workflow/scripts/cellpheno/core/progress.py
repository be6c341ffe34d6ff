"""Log the progress of long steps, with their rate and time left."""

import logging
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")

logger = logging.getLogger(__name__)


def track(
    items: Iterable[Item],
    what: str,
    total: int | None,
    start: int = 0,
    every_seconds: float = 10.0,
) -> Iterator[Item]:
    """Pass `items` through and log the progress at most once in `every_seconds`.

    `total` counts all items, with the `start` done by an earlier attempt, or is None if unknown;
    `what` names them in the plural, such as "fields".
    """
    began = last = time.monotonic()
    done = start
    for item in items:
        yield item
        done += 1
        now = time.monotonic()
        if now - last >= every_seconds or done == total:
            rate = (done - start) / max(now - began, 1e-9)
            known = f" of {total}, {(total - done) / rate:.0f} s left" if total else ""
            logger.info("%s %d%s, %.3g per second", what, done, known, rate)
            last = now
