"""The exception whose message is written for the user."""

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
