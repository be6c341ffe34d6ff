"""The one exception that is meant for the person running the study."""

LONGEST = 4000
"""Characters of a sentence that are shown; paths and names in it have fewer."""


class StudyError(ValueError):
    """A mistake in the config, the sample sheet or the data, told in one sentence.

    The sentence names the file, field, row or key, what was expected, what was found and
    what to do; a job that raises it prints the sentence alone, without a traceback. What it
    quotes of a file may hold anything: line ends and what no log can hold are replaced, and
    what is endless is cut.
    """

    def __init__(self, sentence: str) -> None:
        shown = (
            letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}"
            for letter in sentence[:LONGEST]
        )
        super().__init__("".join(shown))
