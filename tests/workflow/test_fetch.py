"""`snakemake fetch`: a missing data set is downloaded by the command itself."""

import hashlib
import io
import zipfile

import pytest
from loopback import serving

from cellpheno.tables import storage
from cellpheno.tables.quality import FETCHED


def archive(files):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as written:
        for name, content in files.items():
            written.writestr(name, content)
    return stream.getvalue()


@pytest.fixture
def study(small_study):
    """A study of real data that are missing, as is its sample sheet."""
    with serving() as server:
        server.files["/images.zip"] = archive({"images/a.tif": b"pixels", "images/b.tif": b"more"})
        server.files["/list.txt"] = b"a\nb\n"
        config = small_study.config
        config.pop("simulation")
        config.update(fields="not_there.tsv", data_root="data")
        md5 = hashlib.md5(server.files["/images.zip"]).hexdigest()
        images = {"url": f"{server.url}/images.zip", "md5": md5}
        config["fetch"] = {
            "files": [images, {"url": f"{server.url}/list.txt", "max_size": 1000}],
            "attempts": 1,
        }
        yield small_study.write(), server


def test_data_are_fetched_before_there_is_a_sample_sheet(study):
    study, _ = study
    assert "which does not exist" in study.snakemake(check=False).stdout
    assert study.planned("fetch") == {"fetch": 1}
    study.snakemake("fetch")
    data = study.folder / "data"
    assert (data / "images/a.tif").read_bytes() == b"pixels"
    table = storage.read(study.results / "fetched.tsv", FETCHED).set_index("file")
    assert table["checked"].to_dict() == {"images.zip": "md5", "list.txt": "nothing"}
    assert table.loc["list.txt", "sha256"] == hashlib.sha256(b"a\nb\n").hexdigest()
    assert table["n_unpacked"].to_dict() == {"images.zip": 2, "list.txt": 0}
    assert "list.txt: its hash is not known" in (study.folder / "logs/small/fetch.log").read_text()
    assert study.planned("fetch") == {}


def test_a_file_that_does_not_fit_stops_the_command_with_one_sentence(study):
    study, _ = study
    study.config["fetch"]["files"][0]["md5"] = "0" * 32
    shown = study.write().snakemake("fetch", check=False)
    assert shown.returncode
    assert "fetch: http" in shown.stdout
    assert f"instead of {'0' * 32}" in shown.stdout
    assert "Traceback" not in shown.stdout
    assert not (study.results / "fetched.tsv").exists()


def test_a_plain_run_fetches_nothing(small_study):
    small_study.config["fetch"] = {"files": [{"url": "https://example.org/a.zip", "size": 1}]}
    assert "fetch" not in small_study.write().planned()


def test_a_file_of_which_nothing_is_known_is_refused_at_once(small_study):
    small_study.config["fetch"] = {"files": [{"url": "https://example.org/a.zip"}]}
    shown = small_study.write().snakemake("--dry-run", check=False)
    assert shown.returncode
    assert "has nothing to check https://example.org/a.zip against" in shown.stdout
    assert "Traceback" not in shown.stdout
