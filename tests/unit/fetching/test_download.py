"""Downloads continue where they broke off, and only what was declared counts."""

import hashlib
import json
import os

import pytest
from loopback import serving

from cellpheno.core import made_files
from cellpheno.core.errors import StudyError
from cellpheno.fetching import declared, web
from cellpheno.fetching.declared import File
from cellpheno.fetching.download import download

CONTENT = os.urandom(3_000_000)
MD5 = hashlib.md5(CONTENT).hexdigest()


@pytest.fixture
def server():
    with serving() as running:
        running.files["/data/cells.zip"] = CONTENT
        yield running


def file(server, **known):
    return File("cells.zip", f"{server.url}/data/cells.zip", **known)


def names(folder):
    return sorted(path.name for path in folder.iterdir() if path.name != made_files.MADE)


def fetch(file, folder, waits=None, **options):
    return download(file, folder, wait=(waits if waits is not None else []).append, **options)


def test_a_file_is_fetched_once_and_its_hashes_are_returned(server, tmp_path):
    hashes = fetch(file(server, size=len(CONTENT), md5=MD5.upper()), tmp_path)
    assert (tmp_path / "cells.zip").read_bytes() == CONTENT
    assert hashes["md5"] == MD5
    assert hashes["sha256"] == hashlib.sha256(CONTENT).hexdigest()
    assert hashes["git_blob"] == hashlib.sha1(b"blob 3000000\0" + CONTENT).hexdigest()
    assert names(tmp_path) == ["cells.zip"]
    fetch(file(server, md5=MD5), tmp_path)
    assert len(server.asked) == 1


def test_a_broken_download_goes_on_where_it_was(server, tmp_path):
    server.breaks, waits = [1_200_000, 900_000], []
    fetch(file(server, md5=MD5), tmp_path, waits)
    assert (tmp_path / "cells.zip").read_bytes() == CONTENT
    assert [asked for _, asked in server.asked] == [None, "bytes=1200000-", "bytes=2100000-"]
    assert waits == [1.0, 1.0]  # each attempt brought something


def test_a_later_run_goes_on_where_the_earlier_one_gave_up(server, tmp_path):
    server.breaks = [1_000_000, 0, 0]
    with pytest.raises(StudyError, match=r"2 attempts in a row failed.*1,000,000 bytes are in"):
        fetch(file(server, md5=MD5), tmp_path, attempts=2)
    assert not (tmp_path / "cells.zip").exists()
    fetch(file(server, md5=MD5), tmp_path)
    assert server.asked[-1][1] == "bytes=1000000-"
    assert (tmp_path / "cells.zip").read_bytes() == CONTENT


def test_without_a_hash_nothing_is_put_together_from_parts(server, tmp_path):
    server.breaks = [1_000_000]
    fetch(file(server, size=len(CONTENT)), tmp_path)
    assert [asked for _, asked in server.asked] == [None, None]
    assert (tmp_path / "cells.zip").read_bytes() == CONTENT


def test_a_part_that_was_complete_is_not_fetched_again(server, tmp_path):
    for content, expected in ((CONTENT, CONTENT), (CONTENT[::-1], None)):
        made_files.claim(tmp_path, ["cells.zip.part"])
        (tmp_path / "cells.zip.part").write_bytes(content)
        if expected is None:
            with pytest.raises(StudyError, match="has the md5"):
                fetch(file(server, md5=MD5), tmp_path)
        else:
            fetch(file(server, md5=MD5), tmp_path)
            (tmp_path / "cells.zip").unlink()
    assert [asked for _, asked in server.asked] == ["bytes=3000000-"] * 2


def test_a_server_that_knows_no_ranges_is_asked_for_all_of_it_again(server, tmp_path):
    server.ranges, server.breaks = False, [1_000_000]
    fetch(file(server, md5=MD5), tmp_path)
    assert (tmp_path / "cells.zip").read_bytes() == CONTENT


def test_another_size_than_declared_is_refused_before_it_is_fetched(server, tmp_path):
    with pytest.raises(
        StudyError, match=r"has 3,000,000 bytes instead of 2,000,000, according to its server"
    ):
        fetch(file(server, size=2_000_000), tmp_path)
    assert not (tmp_path / "cells.zip.part").exists()


def test_a_server_that_announces_more_than_it_sends_is_not_believed(server, tmp_path):
    server.says = 10
    with pytest.raises(StudyError, match=r"3,000,000 bytes are in"):
        fetch(file(server), tmp_path, attempts=2)
    assert not (tmp_path / "cells.zip").exists()


def test_a_server_that_does_not_announce_a_size_cannot_send_without_end(server, tmp_path):
    server.says = None
    with pytest.raises(StudyError, match="continues beyond the 1,000,000 bytes"):
        fetch(file(server, size=1_000_000), tmp_path)
    assert (tmp_path / "cells.zip.part").stat().st_size <= 1_000_000
    fetch(File("other.zip", f"{server.url}/data/cells.zip", size=3_000_000), tmp_path)
    assert (tmp_path / "other.zip").read_bytes() == CONTENT


def test_where_nobody_says_how_long_a_file_is_it_is_not_begun(server, tmp_path):
    server.says = None
    for known in ({}, {"md5": MD5}, {"max_size": 5_000_000}):
        with pytest.raises(StudyError, match="does not say how long it is"):
            fetch(file(server, **known), tmp_path)
    assert not names(tmp_path)


def test_within_a_limit_a_hash_or_chunks_show_the_end_of_a_file(server, tmp_path):
    server.says = None
    fetch(file(server, md5=MD5, max_size=3_000_000), tmp_path)
    assert (tmp_path / "cells.zip").read_bytes() == CONTENT
    with pytest.raises(StudyError, match="continues beyond the 1,000,000 bytes"):
        fetch(File("b", f"{server.url}/data/cells.zip", md5=MD5, max_size=1_000_000), tmp_path)
    server.chunks = True
    fetch(File("c", f"{server.url}/data/cells.zip", max_size=3_000_000), tmp_path)
    assert (tmp_path / "c").read_bytes() == CONTENT
    server.breaks = [1_000_000, 1_000_000]
    with pytest.raises(StudyError, match="2 attempts in a row failed"):
        fetch(File("d", f"{server.url}/data/cells.zip", max_size=3_000_000), tmp_path, attempts=2)
    assert not (tmp_path / "d").exists()


def test_more_than_the_limit_is_refused_before_it_is_fetched(server, tmp_path):
    with pytest.raises(StudyError, match=r"3,000,000 bytes, more than the 1,000 of max_size"):
        fetch(file(server, max_size=1000), tmp_path)
    assert not names(tmp_path)
    (tmp_path / "cells.zip").write_bytes(bytes(1001))
    with pytest.raises(StudyError, match=r"exists already and has 1,001 bytes, more than"):
        fetch(file(server, max_size=1000), tmp_path)


def test_the_first_digits_of_a_hash_show_damage(server, tmp_path):
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    fetch(file(server, sha256=sha256[:8].upper()), tmp_path)
    with pytest.raises(StudyError, match="exists already and has the sha256"):
        fetch(file(server, sha256="0" * 8), tmp_path)
    fetch(file(server, md5=MD5[:6]), tmp_path)
    with pytest.raises(StudyError, match="exists already and has the md5"):
        fetch(file(server, md5="000000"), tmp_path)


def test_another_hash_than_declared_is_refused_and_put_aside(server, tmp_path):
    with pytest.raises(StudyError, match=rf"has the md5 {MD5} instead of 0000.*refused"):
        fetch(file(server, md5="0" * 32), tmp_path)
    assert names(tmp_path) == ["cells.zip.refused"]


def test_a_file_that_lies_there_but_does_not_fit_is_neither_used_nor_replaced(server, tmp_path):
    (tmp_path / "cells.zip").write_bytes(b"mine")
    with pytest.raises(StudyError, match=r"exists already and has 4 bytes instead of 3,000,000"):
        fetch(file(server, size=3_000_000), tmp_path)
    assert (tmp_path / "cells.zip").read_bytes() == b"mine"


def test_a_missing_file_is_reported_at_once_and_what_passes_is_tried_again(server, tmp_path):
    with pytest.raises(StudyError, match="answers 404"):
        fetch(File("no.zip", f"{server.url}/no.zip"), tmp_path)
    assert len(server.asked) == 1
    server.answers["/data/cells.zip"] = 503
    waits = []
    with pytest.raises(StudyError, match="3 attempts in a row failed.*503"):
        fetch(file(server), tmp_path, waits, attempts=3)
    assert waits == [2.0, 4.0]


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x"])
def test_neither_local_files_nor_ftp_are_fetched(server, tmp_path, target):
    with pytest.raises(StudyError, match="not an http or https"):
        web.request(target, {})
    server.redirects["/moved"] = target
    with pytest.raises(StudyError, match="not safe to follow|not allowed"):
        fetch(File("x", f"{server.url}/moved"), tmp_path)


def test_a_redirect_is_followed(server, tmp_path):
    server.redirects["/moved"] = f"{server.url}/data/cells.zip"
    fetch(File("x", f"{server.url}/moved", md5=MD5), tmp_path)
    assert (tmp_path / "x").read_bytes() == CONTENT


def article(server, answer):
    server.files["/v2/articles/7/versions/2"] = answer
    settings = {"files": [], "figshare_api": f"{server.url}/v2/"}
    return declared.files({**settings, "figshare": [{"article": 7, "version": 2}]})


def test_figshare_gives_names_sizes_and_hashes(server):
    entry = {"name": "a.zip", "size": 5, "download_url": "https://x/1", "is_link_only": False}
    files = [
        {**entry, "computed_md5": MD5, "supplied_md5": ""},
        {**entry, "name": "elsewhere", "is_link_only": True},
    ]
    (found,) = article(server, json.dumps({"files": files}).encode())
    assert found == File("a.zip", "https://x/1", size=5, md5=MD5)
    for nonsense in (b"<html>", b"[]", b'{"files": [{"name": "a"}]}', b'{"files": 3}'):
        with pytest.raises(StudyError, match="does not return figshare's list"):
            article(server, nonsense)


def test_a_file_is_named_by_its_address_and_no_name_may_stand_twice():
    entry = dict.fromkeys(("name", "size", "max_size", "md5", "sha256", "git_blob"))
    files = [{**entry, "url": "https://x/some/cells%20a.zip?download=1"}]
    (found,) = declared.files({"files": files, "figshare": []})
    assert found.name == "cells a.zip"
    with pytest.raises(StudyError, match="two files named"):
        declared.files({"files": [*files, *files], "figshare": []})


def test_a_users_file_with_the_name_of_a_part_is_not_replaced(server, tmp_path):
    own = tmp_path / "a.txt.part"
    own.write_text("part one of my novel")
    with pytest.raises(StudyError, match="a.txt.part exists already"):
        download(File("a.txt", f"{server.url}/a.txt", max_size=9), tmp_path)
    assert own.read_text() == "part one of my novel"
