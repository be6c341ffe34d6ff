"""A caption shows every value as it is: no value is markup, a link, or a file to include."""

import re
from pathlib import Path

import pytest
from docutils.core import publish_parts
from jinja2 import Environment

from cellpheno.core.captions import plain

CAPTIONS = sorted(Path(__file__).parents[3].glob("workflow/report/*.rst"))
HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "`x <javascript:alert(1)>`_",
    "x\n\n.. include:: secret.txt\n\n",
    "a\n\n.. raw:: html\n\n   <b>bold</b>\n",
    "a\n\n.. image:: http://example.org/x.png\n",
    "http://example.org/x",
    "someone@example.org",
    "Workflow_ |x| *x* **x** ``x`` :raw:`x` [1]_ \\",
    "..",
    "1. x",
    "- x",
    "::",
    "x\x00y\x1b[1m",
]
SENTENCE = "Of {{ value | plain }}, *{{ value | plain }}* and ({{ value | plain }})."


def unescaped(caption):
    """Return the interpolations of a caption that take their value as it is."""
    inner = re.findall(r"\{\{(.*?)\}\}(?!\})", caption, re.DOTALL)
    return [expression for expression in inner if not expression.strip().endswith("| plain")]


@pytest.mark.parametrize("path", CAPTIONS, ids=lambda path: path.stem)
def test_a_caption_escapes_whatever_it_takes(path):
    text = path.read_text()
    assert unescaped(text) == []
    # in a literal a backslash escapes nothing
    assert not [literal for literal in re.findall(r"``.*?``", text) if "{{" in literal]


def test_a_caption_that_takes_a_value_as_it_is_is_found():
    assert unescaped('{{ snakemake.config["study"] }} {{ "x" | plain }}') != []


@pytest.mark.parametrize(("control", "stars"), [("mock", True), (None, False)])
def test_the_frequencies_claim_a_test_only_where_there_is_a_control(control, stars):
    environment = Environment()
    environment.filters["plain"] = plain
    (path,) = [path for path in CAPTIONS if path.stem == "frequencies"]
    config = {
        "classes": ["small", "big"],
        "statistics": {"control": control, "source": "calls"},
    }
    snakemake = {
        "config": config,
        "params": {"test": {"test": "welch", "unit": "replicate", "correction": "holm"}},
        "input": {},
    }
    caption = environment.from_string(path.read_text()).render(snakemake=snakemake)
    caption = caption.replace("\\", "")  # what escapes
    assert ("against mock by replicate" in caption) == stars
    assert ("Stars" in caption) == stars


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("sentence", [SENTENCE, "{{ value | plain }}"])
def test_a_hostile_value_is_text(tmp_path, monkeypatch, value, sentence):
    monkeypatch.chdir(tmp_path)
    Path("secret.txt").write_text("the secret")
    environment = Environment()
    environment.filters["plain"] = plain
    caption = environment.from_string(sentence).render(value=value)
    html = publish_parts(caption, writer="html")["body"]
    assert set(re.findall(r"<(\w+)", html)) <= {"p", "em"}
    assert "the secret" not in html
    assert "system-message" not in html
    words = [word for word in re.findall(r"\w+", value) if word.isascii()]
    assert all(word in html for word in words)
