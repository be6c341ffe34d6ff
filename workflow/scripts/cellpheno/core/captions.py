"""Values in the report's captions, which are reStructuredText."""

from cellpheno.core.errors import printable


def plain(value: object) -> str:
    """Return a value on one line, escaped so that reStructuredText shows it literally.

    A backslash precedes every character other than a letter, a digit or a blank, so that none
    starts markup, a link or a directive.
    """
    shown = printable(" ".join(str(value).split()))
    return "".join(sign if sign.isalnum() or sign == " " else f"\\{sign}" for sign in shown)
