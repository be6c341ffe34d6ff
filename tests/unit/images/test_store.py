"""A shard gives back the fields it was given, each alone and in their order."""

import weakref

import numpy as np
import pytest

from cellpheno.core.errors import StudyError
from cellpheno.images import store


def fields():
    rng = np.random.default_rng(0)
    sizes = {"b": (4, 6), "a 1": (7, 3), "c.2": (1, 1)}
    return [
        (name, rng.integers(0, 256, (*size, 3), dtype=np.uint8)) for name, size in sizes.items()
    ]


@pytest.fixture
def shard(tmp_path):
    path = tmp_path / "shard.npz"
    store.write(path, iter(fields()))
    return path


def test_fields_of_different_sizes_come_back_as_they_were_in_their_order(shard):
    read = list(store.read(shard))
    assert [name for name, _ in read] == ["b", "a 1", "c.2"]
    for (_, image), (_, given) in zip(read, fields(), strict=True):
        assert image.dtype == np.uint8
        np.testing.assert_array_equal(image, given)


def test_names_are_those_of_the_fields_in_their_order(shard):
    assert store.names(shard) == ["b", "a 1", "c.2"]


def test_wanted_fields_come_in_the_shards_order_and_those_of_other_shards_are_passed_over(shard):
    read = list(store.read(shard, ["c.2", "elsewhere", "b"]))
    assert [name for name, _ in read] == ["b", "c.2"]
    np.testing.assert_array_equal(read[0][1], fields()[0][1])
    assert list(store.read(shard, [])) == []


def test_equal_fields_give_equal_bytes_whatever_their_layout_in_memory(shard, tmp_path):
    again = tmp_path / "again.npz"
    store.write(again, [(name, np.asfortranarray(image)) for name, image in fields()])
    assert again.read_bytes() == shard.read_bytes()
    store.write(again, [(name, 255 - image) for name, image in fields()])
    assert again.read_bytes() != shard.read_bytes()


def test_a_failed_write_leaves_the_earlier_shard_whole(shard):
    before = shard.read_bytes()

    def broken():
        yield fields()[0]
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.write(shard, broken())
    assert shard.read_bytes() == before


def test_one_field_at_a_time_is_in_memory_while_a_shard_is_written(tmp_path):
    given, most = [], 0

    def counted():
        nonlocal most
        for number in range(5):
            most = max(most, sum(image() is not None for image in given))
            image = np.zeros((4, 6, 3), np.uint8)
            given.append(weakref.ref(image))
            yield f"f{number}", image
            del image

    store.write(tmp_path / "shard.npz", counted())
    assert len(given) == 5
    assert most <= 1


@pytest.fixture
def channels(tmp_path):
    """A field of four channels whose pixels are 10, 20, 30 and 40."""
    image = np.full((5, 7, 4), [10, 20, 30, 40], np.uint8)
    held = ["bf", "green", "red", "dapi"]
    store.write(tmp_path / "shard.npz", [("f", image)], held, ["red", "green", "dapi"])
    return tmp_path / "shard.npz"


@pytest.mark.parametrize(
    ("wanted", "pixel"),
    [
        (None, [30, 20, 40]),  # the composite, whatever the order of the channels
        (["dapi"], [40]),
        (["bf", "bf", "bf"], [10, 10, 10]),
        (["bf", "bf", "bf", "dapi"], [10, 10, 10, 40]),
        (["bf", "bf", "bf", "dapi", "green", "red"], [10, 10, 10, 40, 20, 30]),
        (["bf", "green", "red", "dapi"], [10, 20, 30, 40]),
    ],
)
def test_channels_are_read_by_name_in_the_order_and_as_often_as_wanted(channels, wanted, pixel):
    [(_, image)] = store.read(channels, channels=wanted)
    assert image.shape == (5, 7, len(pixel))
    assert image.dtype == np.uint8
    assert (image == pixel).all()


def test_a_channel_that_a_shard_does_not_hold_is_an_error(channels):
    with pytest.raises(StudyError, match="lack a channel of bf, actin"):
        list(store.read(channels, channels=["bf", "actin"]))


def test_a_shard_that_does_not_tell_its_channels_is_refused(tmp_path):
    np.savez(tmp_path / "old.npz", f=np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(StudyError, match="older version"):
        list(store.read(tmp_path / "old.npz"))


@pytest.mark.parametrize("share", [0, 0.5])
def test_a_shard_that_was_cut_is_refused_in_one_sentence(tmp_path, share):
    path = tmp_path / "shard.npz"
    store.write(path, [("f1", np.ones((20, 20, 3), np.uint8))])
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(StudyError, match=r"shard\.npz are truncated"):
        list(store.read(path))
    with pytest.raises(StudyError, match=r"shard\.npz are truncated"):
        store.names(path)
