import pytest

from cellpheno.files import whole, whole_folder
from cellpheno.randomness import derive, generator


def test_a_file_appears_only_when_it_is_whole(tmp_path):
    path = tmp_path / "new" / "table.tsv"
    with whole(path) as temporary:
        temporary.write_text("half")
        assert not path.exists()
        assert temporary.suffix == ".tsv"
    assert path.read_text() == "half"
    assert list(path.parent.iterdir()) == [path]


def test_a_writer_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "table.tsv"
    path.write_text("old")
    with pytest.raises(RuntimeError), whole(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_replaces_the_old_one_when_it_is_whole(tmp_path):
    (tmp_path / "tiles").mkdir()
    (tmp_path / "tiles" / "old.png").touch()
    with whole_folder(tmp_path / "tiles") as temporary:
        (temporary / "new.png").touch()
        assert (tmp_path / "tiles" / "old.png").exists()
    assert [path.name for path in (tmp_path / "tiles").iterdir()] == ["new.png"]
    assert [path.name for path in tmp_path.iterdir()] == ["tiles"]


def test_a_random_stream_depends_on_its_purpose_alone():
    first = generator(0, "simulate", "a").random(3)
    generator(0, "simulate", "b").random(3)
    assert (generator(0, "simulate", "a").random(3) == first).all()
    assert derive(0, "simulate", "b") != derive(0, "simulate", "a") != derive(1, "simulate", "a")
    assert derive(0, "ab", "c") != derive(0, "a", "bc")
