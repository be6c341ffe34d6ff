"""Values that no key allows end in a sentence before anything else reads the config."""

import datetime
import time

import pytest

from cellpheno.core.errors import StudyError
from cellpheno.study import config_values
from cellpheno.study.config_text import Written


def check(config):
    config_values.check(config, {("a",): Written("0x7", 12)}, "study.yaml")


def bomb(levels, width):
    value = ["lol"] * width
    for _ in range(levels):
        value = [value] * width
    return value


def circle():
    value = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (float("nan"), "a .line 12. is nan, not a finite number"),
        (float("inf"), "a .line 12. is inf, not a finite number"),
        (10**400, "number beyond"),
        pytest.param(10**5000, "number beyond", id="5001 digits"),
        (-1e16, "number beyond"),
        ("x" * 1001, "text of 1001 characters"),
        ("two\nlines", "U.000A"),
        ("tab\tin it", "U.0009"),
        ("{wildcards.study}", "a .line 12. has braces"),
        ({"{x}": 1}, "a key in a has braces"),
        ("nul\0", "U.0000"),
        ("right to left \u202e", "U.202E"),
        ("nothing\u200bseen", "U.200B"),
        ((1, 2), "the YAML type tuple"),
        ({1, 2}, "the YAML type set"),
        (b"text", "the YAML type bytes"),
        (complex(1, 2), "the YAML type complex"),
        ({0: "small"}, "a key in a is a number .* quotes"),
        ({True: "small"}, "a key in a is a truth value"),
        ({"two\nlines": 1}, "a key in a has a line break"),
        ({"b": [{"c": float("nan")}]}, r"a\.b\.0\.c is nan"),
        (circle(), "nested more than 30 deep"),
    ],
)
def test_what_no_key_can_mean_is_refused(value, words):
    with pytest.raises(StudyError, match=words):
        check({"a": value})


def test_a_bomb_of_aliases_is_refused_at_once():
    started = time.monotonic()
    with pytest.raises(StudyError, match="more than 100,000 values.*aliases"):
        check({"a": bomb(levels=25, width=9)})
    assert time.monotonic() - started < 10


def test_aliases_that_repeat_little_are_taken():
    check({"a": bomb(levels=3, width=9)})


@pytest.mark.parametrize(
    "value", ["µ-Slide 8\N{NO-BREAK SPACE}Well, Zürich 細胞", 1e-300, 10**15, None, True, "", {}]
)
def test_what_a_key_can_mean_is_taken(value):
    check({"a": value})


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (7, "a .line 12. is 0x7, which YAML reads as a number.*quotes: '0x7'"),
        (None, "a .line 12. has no value"),
        ([], "a .line 12. is a list or a section"),
    ],
)
def test_a_text_that_yaml_took_for_something_else_is_quoted_as_it_is_written(value, words):
    error = config_values.not_text(("a",), value, {("a",): Written("0x7", 12)}, "study.yaml")
    with pytest.raises(StudyError, match=words):
        raise error


@pytest.mark.parametrize(
    ("value", "kind"),
    [(False, "truth value"), (1.5, "number"), (datetime.date(2024, 1, 1), "date")],
)
def test_a_value_of_the_command_line_belongs_into_the_config_file(value, kind):
    error = config_values.not_text(("a",), value, {}, "study.yaml")
    assert kind in str(error)
    assert f"in quotes in the config file: '{value}'" in str(error)


@pytest.mark.parametrize(("text", "value"), [("010", 8), ("1:30", 90), ("0_7", 7)])
def test_a_number_that_is_another_one_than_it_looks_like_is_refused(text, value):
    with pytest.raises(
        StudyError, match=rf"seed \(line 1\) is {text}, which YAML reads as {value}"
    ):
        config_values.check({"seed": value}, {("seed",): Written(text, 1)}, "study.yaml")


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("10", 10), ("0.5", 0.5), ("1e-3", 0.001)])
def test_a_number_that_is_what_it_looks_like_is_taken(text, value):
    config_values.check({"seed": value}, {("seed",): Written(text, 1)}, "study.yaml")
