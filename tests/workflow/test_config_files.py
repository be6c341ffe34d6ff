"""A config file as people, editors and strangers write it, given to Snakemake as a user does."""

import pytest

BOMB = "seeds:\n- &x0 [1, 1]\n" + "".join(
    f"- &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]\n" for n in range(1, 10)
)


def refusal(study, *arguments: str) -> str:
    """Return the one sentence with which a dry run of the study ends."""
    done = study.snakemake("--dry-run", *arguments, check=False)
    assert done.returncode != 0
    # the first line is Snakemake's, about the profile
    _, sentence = done.stdout.strip().splitlines()
    assert sentence.startswith("cellpheno: ")
    return sentence


@pytest.mark.parametrize(
    ("added", "words"),
    [
        (BOMB, ["more than 100,000 values", "aliases"]),
        ("study: other\n", ["key study is written twice", "line 1 and on line"]),
        ("splits: {hold_out: [007]}\n", ["splits.hold_out.0", "is 007", "quotes: '007'"]),
        ("seed: 010\n", ["seed (line", "is 010", "YAML reads as 8"]),
        ("class_groups: {no: [small]}\n", ["the key no in class_groups", "quotes: 'no'"]),
        ("__use_yte__: true\n", ["__use_yte__", "Python"]),
    ],
    ids=["bomb", "twice", "value", "octal", "key", "template"],
)
def test_a_config_file_that_says_something_else_than_it_seems_is_refused(mini_study, added, words):
    mini_study.write()
    with (mini_study.folder / "study.yaml").open("a") as config:
        config.write(added)
    sentence = refusal(mini_study)
    assert "study.yaml" in sentence
    assert all(word in sentence for word in words), sentence


def test_values_of_the_command_line_are_checked_as_well(mini_study):
    mini_study.write()
    sentence = refusal(mini_study, "--config", "seed=1", "seed=2")
    assert "--config gives the key seed twice" in sentence
    sentence = refusal(mini_study, "--config", "study=2024")
    assert "study is 2024" in sentence
    assert "in quotes in the config file" in sentence


def test_a_file_name_too_long_for_the_disk_is_refused(mini_study):
    mini_study.config["annotations"]["files"] = ["v" * 300 + ".json"]
    assert "annotations.files.0" in refusal(mini_study.write())


@pytest.mark.parametrize("key", ["fields", "files"])
def test_a_device_in_place_of_a_file_is_refused_and_not_read(mini_study, key):
    section = mini_study.config["annotations"] if key == "files" else mini_study.config
    section[key] = ["/dev/zero"] if key == "files" else "/dev/zero"
    sentence = refusal(mini_study.write())
    assert "device or a pipe" in sentence
    assert "/dev/zero" in sentence
