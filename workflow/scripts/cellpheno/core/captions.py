"""Values in the report's captions, which are reStructuredText."""


def plain(value: object) -> str:
    """Return a value as text that reStructuredText shows as it is, on one line.

    Parameters
    ----------
    value
        Anything of the config, the sample sheet or a file. Every sign that is no letter or digit
        gets a backslash, so that none is markup, a link or the start of a directive.
    """
    words = " ".join(str(value).split())
    shown = (letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in words)
    return "".join(
        letter if letter.isalnum() or letter == " " else f"\\{letter}" for letter in shown
    )
