"""The exception whose message is written for the user."""

import itertools
from collections.abc import Collection, Iterable
from types import TracebackType

LONGEST = 4000
"""Characters of a message that are shown; paths and names in it are shorter."""


def printable(text: str) -> str:
    """Replace characters that cannot be printed, such as line ends."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)


class StudyError(ValueError):
    """A mistake in the config, the sample sheet or the data, explained in one sentence.

    The sentence names the file, field, row or key, what was expected, what was found and what to
    do; the job prints it without a traceback. It may quote anything from a file: unprintable
    characters are replaced and long text is cut.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(printable(sentence[:LONGEST]))
        self.sentences = [str(self)]


class Several(StudyError):
    """Mistakes that are reported together, each in a line of its own if there are more than one.

    Only sentences of the first error may speak of keys in `but`, which others were checked without.
    """

    def __init__(self, errors: Iterable[StudyError], but: Collection[str] = ()) -> None:
        first, *others = (error.sentences for error in errors)
        rest = (text for text in itertools.chain(*others) if not any(key in text for key in but))
        self.sentences = list(dict.fromkeys([*first, *rest]))
        lines = "".join(f"\n  {n}. {text}" for n, text in enumerate(self.sentences, 1))
        text = f"there are {len(self.sentences)} mistakes:{lines}"
        ValueError.__init__(self, text if len(self.sentences) > 1 else self.sentences[0])


class Mistakes:
    """Collect what checks refuse: `with mistakes: check()`, and `refuse` at the end.

    After a first mistake, a check that fails otherwise is ignored, because it may rely on what was
    refused.
    """

    def __init__(self) -> None:
        self._found: list[StudyError] = []

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> bool:
        if isinstance(error, StudyError):
            self._found.append(error)
            return True
        return bool(self._found) and isinstance(error, Exception)

    def refuse(self) -> None:
        """Raise an error that has every sentence once; do nothing without any mistake."""
        if self._found:
            raise Several(self._found)
