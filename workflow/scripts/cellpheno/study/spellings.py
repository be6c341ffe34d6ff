"""Find names that are spellings of one name or look the same."""

import re
import unicodedata
from collections.abc import Callable, Iterable

LOOK_ALIKES = str.maketrans(
    "АВЕЅІЈКМНОРСТХаеѕіјорсухΑΒΕΖΗΙΚΜΝΟΡΤΧοµ",
    "ABESIJKMHOPCTXaesijopcyxABEZHIKMNOPTXoμ",
)
"""Letters of other alphabets that look like Latin ones, and the two letters mu."""
DASHES = re.compile(r"[\u2010-\u2015\u2212\u00ad_-]")
INVISIBLE = ("Cf", "Cc")
"""Categories of characters without width, such as joiners and direction marks."""


def look_alikes(names: Iterable[str]) -> list[list[str]]:
    """Return the sets of names that look the same, each sorted."""
    return _alike(names, _look)


def variants(names: Iterable[str]) -> list[list[str]]:
    """Return the sets of names that differ only in case, blanks, dashes, zeros or look-alikes."""
    return _alike(names, _spelling)


def _alike(names: Iterable[str], key: Callable[[str], str]) -> list[list[str]]:
    sets: dict[str, set[str]] = {}
    for name in names:
        sets.setdefault(key(name), set()).add(name)
    return [sorted(alike) for _, alike in sorted(sets.items()) if len(alike) > 1]


def _look(name: str) -> str:
    if name.isascii() and name.isprintable():
        return " ".join(name.split())
    seen = (each for each in name if unicodedata.category(each) not in INVISIBLE)
    # `split` removes blanks of every width
    return " ".join(unicodedata.normalize("NFC", "".join(seen)).translate(LOOK_ALIKES).split())


def _spelling(name: str) -> str:
    plain = unicodedata.normalize("NFKC", _look(name)).casefold()
    plain = DASHES.sub("-", plain)
    # "drug -" and "drug +" differ: only separators between letters and digits are ignored
    plain = re.sub(r"(?<=\w)[ -]+(?=\w)", " ", plain)
    plain = re.sub(r"(?<=[^\W\d]) (?=\d)|(?<=\d) (?=[^\W\d])", "", plain)
    return re.sub(r"(?<![\d.,])0+(?=\d)", "", plain)
