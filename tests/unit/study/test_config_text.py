"""Repeated keys and the spelling of values, which Snakemake loses."""

import pytest

from cellpheno.core.errors import StudyError
from cellpheno.study import config_text
from cellpheno.study.config_text import Written


def read(tmp_path, *texts):
    paths = [tmp_path / f"{number}.yaml" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_bytes(text.encode() if isinstance(text, str) else text)
    return config_text.read(paths)


def test_values_are_known_as_they_are_written_with_their_line(tmp_path):
    values = read(tmp_path, "statistics:\n  control: No\nseeds: [007, 'a']\n")
    assert values["statistics", "control"] == Written("No", 2)
    assert values["seeds", 0] == Written("007", 3)
    assert values["seeds", 1] == Written("a", 3)


def test_a_later_file_wins(tmp_path):
    assert read(tmp_path, "study: a\nseed: 1", "seed: 2") == {
        ("study",): Written("a", 1),
        ("seed",): Written("2", 1),
    }


@pytest.mark.parametrize(
    ("text", "key", "lines"),
    [
        ("a: 1\nb: 2\na: 3\n", "key a ", (1, 3)),
        ("a:\n  b:\n    c: 1\n    d: 2\n    c: 1\n", "key a.b.c ", (3, 5)),
        ("a:\n- b: 1\n- b: 1\n  b: 2\n", "key a.1.b ", (3, 4)),
        ('{\n\t"a": 1,\n\t"a": 2\n}', "key a ", (2, 3)),
        ("a: &x {b: 1}\nc: {<<: *x, d: 1, d: 2}", "key c.d ", (2, 2)),
        ("a: 1\n'a': 2\n", "key a ", (1, 2)),
    ],
)
def test_a_key_that_is_written_twice_is_refused_with_its_lines(tmp_path, text, key, lines):
    with pytest.raises(StudyError) as error:
        read(tmp_path, text)
    assert key in str(error.value)
    assert f"line {lines[0]} and on line {lines[1]}" in str(error.value)


def test_one_key_in_two_sections_or_files_is_no_key_twice(tmp_path):
    read(tmp_path, "a: {b: 1}\nc: {b: 1}\n", "a: {b: 2}")


@pytest.mark.parametrize("name", ["0", "007", "1.5", "yes", "off", "null", "~", "2024-01-01"])
def test_a_key_that_yaml_takes_for_no_text_is_to_be_quoted(tmp_path, name):
    with pytest.raises(StudyError, match=f"line 2 .* annotations.rename.* quotes: '{name}'"):
        read(tmp_path, f"annotations:\n  rename: {{{name}: live}}\n")
    read(tmp_path, f"annotations:\n  rename: {{'{name}': live}}\n")


def test_a_key_that_is_a_list_is_refused(tmp_path):
    with pytest.raises(StudyError, match="key on line 1 is not text"):
        read(tmp_path, "[a, b]: 1\n")


def test_aliases_are_walked_once(tmp_path):
    bomb = "a0: &x0 [lol, lol]\n"
    bomb += "".join(f"a{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]\n" for n in range(1, 40))
    assert len(read(tmp_path, bomb)) == 2
    assert read(tmp_path, "a: &a [*a, 1]\n") == {("a", 1): Written("1", 1)}


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path):
    assert read(tmp_path, b"\xef\xbb\xbfstudy: a\n") == {("study",): Written("a", 1)}


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_a_file_in_another_encoding_is_refused(tmp_path, encoding):
    with pytest.raises(StudyError, match="UTF-8"):
        read(tmp_path, "study: Zürich\n".encode(encoding))


def test_a_config_that_snakemake_would_run_as_python_is_refused(tmp_path):
    with pytest.raises(StudyError, match="__use_yte__ on line 2"):
        read(tmp_path, "study: a\n__use_yte__: true\n")


@pytest.mark.parametrize("text", ["", "# nothing\n", "a\n", "- a\n"])
def test_a_config_without_keys_has_no_key_twice(tmp_path, text):
    assert ("a",) not in read(tmp_path, text)


@pytest.mark.parametrize(
    ("entries", "word"),
    [
        (["seed=1", "seed=2"], "the key seed twice"),
        (["statistics={control: a, control: b}"], "--config statistics: the key control"),
        (["annotations={rename: {no: dead}}"], "quotes: 'no'"),
    ],
)
def test_entries_of_the_command_line_are_checked_like_files(entries, word):
    with pytest.raises(StudyError, match=word):
        config_text.read_arguments(entries)


def test_sound_entries_of_the_command_line_are_taken():
    config_text.read_arguments(["seed=1", "study=a: [", "statistics={control: a}", "fields="])
