"""Archives are unpacked whole, into their folder and nowhere else; no part of one is missed."""

import io
import os
import shutil
import stat
import struct
import subprocess
import tarfile
import zipfile

import pytest

from cellpheno.core import made_files
from cellpheno.core.errors import StudyError
from cellpheno.fetching import archives
from cellpheno.fetching.archives import unpack

FILES = {f"images/field-{n}.tiff": os.urandom(40_000) for n in range(6)}
FILES |= {"Annotations/trainval/field-1.xml": b"<annotation/>" * 200, "readme.txt": b""}


def zipped(path, files=FILES, **options):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def content(folder):
    found = (path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in found
        if path.name != made_files.MADE
    }


def test_a_zip_is_unpacked_and_what_was_there_is_replaced(tmp_path):
    archive = zipped(tmp_path / "data.zip")
    out = tmp_path / "out"
    assert unpack(archive, out) == len(FILES)
    assert content(out) == FILES
    (out / "readme.txt").write_bytes(b"spoilt")
    unpack(archive, out)
    assert content(out) == FILES


def test_a_users_file_is_not_replaced_and_the_same_one_stays_as_it_is(tmp_path):
    archive = zipped(tmp_path / "data.zip")
    own = tmp_path / "out/images/field-3.tiff"
    own.parent.mkdir(parents=True)
    own.write_bytes(FILES["images/field-3.tiff"])
    before = own.stat().st_ino
    unpack(archive, tmp_path / "out")
    assert own.stat().st_ino == before
    own.write_bytes(b"corrected by hand")
    with pytest.raises(StudyError, match="would replace .*field-3.tiff"):
        unpack(archive, tmp_path / "out")
    assert own.read_bytes() == b"corrected by hand"


def test_an_archive_does_not_say_itself_what_it_may_replace(tmp_path):
    archive = zipped(tmp_path / "data.zip", {made_files.MADE: b"readme.txt"})
    with pytest.raises(StudyError, match="list of unpacked files"):
        unpack(archive, tmp_path / "out")


@pytest.mark.parametrize("ending", ["tar", "tar.gz", "tgz", "tar.xz"])
def test_a_tar_is_unpacked(tmp_path, ending):
    archive = tmp_path / f"data.{ending}"
    with tarfile.open(archive, f"w:{ending[-2:] if ending != 'tar' else ''}") as tar:
        for name, data in FILES.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    unpack(archive, tmp_path / "out")
    assert content(tmp_path / "out") == FILES


@pytest.mark.parametrize(
    "name", ["../evil", "a/../../evil", "/evil", "C:evil", "..\\evil", "a/\\\\x\\evil"]
)
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_name_that_leads_out_of_the_folder_is_refused_and_nothing_is_written(
    tmp_path, name, kind
):
    archive, out = tmp_path / f"data.{kind}", tmp_path / "deep/er/out"
    if kind == "zip":
        zipped(archive, {"good": b"1", name: b"2"})
    else:
        with tarfile.open(archive, "w") as tar:
            for each in ("good", name):
                tar.addfile(tarfile.TarInfo(each))
    with pytest.raises(StudyError, match="leads out of the folder"):
        unpack(archive, out)
    assert content(tmp_path) == {archive.name: archive.read_bytes()}


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_in_a_tar_are_refused(tmp_path, kind):
    info = tarfile.TarInfo("out")
    info.type, info.linkname = kind, "/etc/passwd"
    with tarfile.open(tmp_path / "data.tar", "w") as tar:
        tar.addfile(info)
    with pytest.raises(StudyError, match="a link or a device"):
        unpack(tmp_path / "data.tar", tmp_path / "out")


def test_a_link_in_a_zip_is_refused_and_one_in_the_folder_is_not_followed(tmp_path):
    info = zipfile.ZipInfo("link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        archive.writestr(info, "/etc")
    with pytest.raises(StudyError, match="a link or a device"):
        unpack(tmp_path / "link.zip", tmp_path / "out")
    outside, out = tmp_path / "outside", tmp_path / "there"
    outside.mkdir()
    out.mkdir()
    (out / "images").symlink_to(outside)
    with pytest.raises(StudyError, match="through a link in"):
        unpack(zipped(tmp_path / "data.zip"), out)
    assert not list(outside.iterdir())


def test_a_repeated_name_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as archive:
        archive.writestr("a", b"1")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a", b"2")
    with pytest.raises(StudyError, match="is in it twice"):
        unpack(tmp_path / "data.zip", tmp_path / "out")


def test_a_bomb_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "_SMALL", 1000)
    bomb = zipped(tmp_path / "bomb.zip", {"zeros": bytes(5_000_000)})
    with pytest.raises(StudyError, match="more than 200 times as large as it"):
        unpack(bomb, tmp_path / "out")
    assert not content(tmp_path / "out")


def packed_tar(path, members):
    """Write a compressed tar of (name, type, content)."""
    with tarfile.open(path, "w:gz", format=tarfile.GNU_FORMAT) as tar:
        for name, kind, data in members:
            info = tarfile.TarInfo(name)
            info.type, info.size = kind, len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def test_a_compressed_tar_is_not_read_behind_the_limit(tmp_path, monkeypatch):
    """Folders hold nothing, but a million of them would be decompressed to be listed."""
    monkeypatch.setattr(archives, "_SMALL", 1000)
    bomb = packed_tar(tmp_path / "bomb.tar.gz", [("folder", tarfile.DIRTYPE, b"")] * 20_000)
    # its end is missing, which is noticed only by who reads so far
    bomb.write_bytes(bomb.read_bytes()[:-20])
    with pytest.raises(StudyError, match="more than 200 times as large as it"):
        unpack(bomb, tmp_path / "out")
    assert not content(tmp_path / "out")


def test_a_name_of_megabytes_in_a_tar_is_not_taken_into_memory(tmp_path):
    longest = [("././@LongLink", tarfile.GNUTYPE_LONGNAME, bytes(5_000_000))]
    bomb = packed_tar(tmp_path / "bomb.tar.gz", [*longest, ("a", tarfile.REGTYPE, b"1")])
    with pytest.raises(StudyError, match=r"a name in it is 5,000,\d+ bytes long"):
        unpack(bomb, tmp_path / "out")


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_an_archive_of_too_many_files_is_not_unpacked(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(archives, "MAX_MEMBERS", 5)
    for number in (5, 6):
        names = [f"field-{n}" for n in range(number)]
        archive = tmp_path / f"{number}.{kind}"
        if kind == "zip":
            zipped(archive, dict.fromkeys(names, b"1"))
        else:
            packed_tar(archive, [(name, tarfile.REGTYPE, b"1") for name in names])
    assert unpack(tmp_path / f"5.{kind}", tmp_path / "out") == 5
    with pytest.raises(StudyError, match="more than 5 files and folders"):
        unpack(tmp_path / f"6.{kind}", tmp_path / "more")
    assert not content(tmp_path / "more")


@pytest.mark.parametrize("ending", ["gz", "bz2", "xz"])
def test_a_damaged_tar_is_reported(tmp_path, ending):
    archive = tmp_path / f"data.tar.{ending}"
    with tarfile.open(archive, f"w:{ending}") as tar:
        info = tarfile.TarInfo("cells")
        info.size = 300_000
        tar.addfile(info, io.BytesIO(os.urandom(info.size)))
    whole = archive.read_bytes()
    for spoilt in (whole[: len(whole) // 2], whole[:1000] + bytes(2000) + whole[3000:]):
        archive.write_bytes(spoilt)
        with pytest.raises(StudyError, match="is damaged or truncated"):
            unpack(archive, tmp_path / "out")
        assert not content(tmp_path / "out")


def test_an_archive_that_lies_about_a_size_or_was_spoilt_is_refused(tmp_path):
    archive = zipped(tmp_path / "data.zip", {"cells": bytes(range(256)) * 400})
    whole = bytearray(archive.read_bytes())
    at = whole.index(b"PK\1\2")
    lying = whole.copy()
    lying[at + 24 : at + 28] = struct.pack("<L", 1000)  # the size of the content
    spoilt = whole.copy()
    spoilt[120] ^= 0xFF
    for problem in (lying, spoilt, whole[: len(whole) // 2], b"no archive"):
        archive.write_bytes(problem)
        with pytest.raises(StudyError, match=r"fetch it again|not unpacked"):
            unpack(archive, tmp_path / "out")
        assert not content(tmp_path / "out")


def test_a_password_is_reported(tmp_path):
    archive = zipped(tmp_path / "data.zip", {"a": b"1"})
    locked = bytearray(archive.read_bytes())
    locked[locked.index(b"PK\1\2") + 8] |= 1
    archive.write_bytes(locked)
    with pytest.raises(StudyError, match="protected by a password"):
        unpack(archive, tmp_path / "out")


def divide(archive, sizes, zip64=False):
    """Divide an archive as `zip -s` does: a marker in front, places counted within parts."""
    whole = b"PK\7\x08" + archive.read_bytes()
    begin = whole.index(b"PK\1\2")
    ends = [sum(sizes[: n + 1]) for n in range(len(sizes))]
    number = sum(end <= len(whole) for end in ends)
    ends = ends[:number]

    def place(at):
        part = sum(end <= at for end in ends)
        return part, at - ([0, *ends][part])

    changed, at = bytearray(whole), begin
    while whole[at : at + 4] == b"PK\1\2":
        name, extra, comment = struct.unpack_from("<3H", whole, at + 28)
        (offset,) = struct.unpack_from("<L", whole, at + 42)
        part, within = place(offset + 4)
        struct.pack_into("<H", changed, at + 34, part)
        struct.pack_into("<L", changed, at + 42, within)
        at += 46 + name + extra + comment
    part, within = place(begin)
    struct.pack_into("<2H", changed, at + 4, number, part)
    struct.pack_into("<L", changed, at + 16, within)
    edges = [0, *ends, len(whole)]
    names = [archive.with_suffix(f".z{n:02d}") for n in range(1, number + 1)] + [archive]
    for name, low, high in zip(names, edges, edges[1:], strict=False):
        name.write_bytes(changed[low:high])
    return names


@pytest.mark.parametrize("size", [30_000, 65_536, 100_000])
def test_parts_are_unpacked_as_the_whole_would_be(tmp_path, size):
    names = divide(zipped(tmp_path / "data.zip"), [size] * 20)
    assert len(names) > 2
    unpack(tmp_path / "data.zip", tmp_path / "out")
    assert content(tmp_path / "out") == FILES


@pytest.mark.skipif(not shutil.which("zip"), reason="needs the program zip, to divide an archive")
def test_parts_that_zip_has_made_are_unpacked(tmp_path):
    source = tmp_path / "source"
    for name, data in FILES.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(data)
    call = ["zip", "-q", "-r", "-s", "64k", str(tmp_path / "data.zip"), "."]
    subprocess.run(call, cwd=source, check=True)
    assert (tmp_path / "data.z02").exists()
    unpack(tmp_path / "data.zip", tmp_path / "out")
    assert content(tmp_path / "out") == FILES


def test_missing_parts_are_named(tmp_path):
    names = divide(zipped(tmp_path / "data.zip"), [50_000] * 10)
    names[1].unlink()
    names[3].unlink()
    with pytest.raises(
        StudyError, match=rf"last of {len(names)} parts, of which 2 .*data.z02, data.z04"
    ):
        unpack(tmp_path / "data.zip", tmp_path / "out")
    assert not content(tmp_path / "out")


def test_a_part_that_was_cut_short_is_noticed(tmp_path):
    names = divide(zipped(tmp_path / "data.zip"), [50_000] * 10)
    names[1].write_bytes(names[1].read_bytes()[:-100])
    with pytest.raises(StudyError, match="truncated"):
        unpack(tmp_path / "data.zip", tmp_path / "out")
