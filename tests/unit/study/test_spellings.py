"""Names that are one name in two spellings."""

import pytest

from cellpheno.study import spellings

LOOKS = [
    ("untreated", "untreat\u0435d"),  # Cyrillic ie
    ("CTRL", "\u0421TRL"),  # Cyrillic es
    ("drug A", "drug\N{NO-BREAK SPACE}A"),
    ("drug A", "drug  A"),
    ("drug", "drug\N{ZERO WIDTH SPACE}"),
    ("Zu\u0308rich", "Z\u00fcrich"),
    ("5 \u00b5M", "5 \u03bcM"),
]
VARIANTS = [
    ("untreated", "Untreated"),
    ("r1", "r 1"),
    ("r1", "R1"),
    ("r1", "r01"),
    ("r1", "r-1"),
    ("r1", "r_1"),
    ("1", "001"),
    ("day-1", "day\N{EN DASH}1"),
    ("no treatment", "no-treatment"),
    ("B2", "B02"),
    ("CO2", "CO\N{SUBSCRIPT TWO}"),
]
OTHERS = [
    ("drug +", "drug -"),
    ("HER2+", "HER2-"),
    ("0.05", "0.5"),
    ("0,05 nM", "0,5 nM"),
    ("1.05", "1.5"),
    ("1-1", "11"),
    ("1 1", "11"),
    ("r1", "r10"),
    ("r0", "r"),
    ("10", "100"),
    ("a b", "ab"),
    ("TNF-\u03b1", "TNF-\u03b2"),
    ("+", "-"),
]


@pytest.mark.parametrize("pair", LOOKS, ids=ascii)
def test_names_that_look_the_same_are_found(pair):
    assert spellings.look_alikes(pair) == [sorted(pair)]
    assert spellings.variants(pair) == [sorted(pair)]


@pytest.mark.parametrize("pair", VARIANTS, ids=ascii)
def test_names_that_differ_in_their_spelling_are_found(pair):
    assert spellings.variants(pair) == [sorted(pair)]
    assert spellings.look_alikes(pair) == []


@pytest.mark.parametrize("pair", OTHERS, ids=ascii)
def test_names_that_differ_in_what_they_say_are_left_alone(pair):
    assert spellings.variants(pair) == []


def test_a_name_that_occurs_often_is_one_name():
    assert spellings.variants(["r1", "r1", "r2", "R1", "r2"]) == [["R1", "r1"]]
