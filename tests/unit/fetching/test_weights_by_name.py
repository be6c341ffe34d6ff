"""Weights by name are fetched once, checked, and linked into each study."""

import hashlib

import pytest
from loopback import serving

from cellpheno.core.errors import StudyError
from cellpheno.fetching import named_weights

CONTENT = b"numbers of a network"
FILE = f"resnet18-{hashlib.sha256(CONTENT).hexdigest()[:8]}.pth"
NEEDED = {"imagenet": {"resnet18": "needed"}}
WISHED = {"imagenet": {"resnet18": "wished"}}


@pytest.fixture
def server():
    with serving() as server:
        yield server


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A site's folder of weights, and a network whose weights are small."""
    monkeypatch.setitem(named_weights.FILES["imagenet"], "resnet18", FILE)
    monkeypatch.setenv("CELLPHENO_WEIGHTS", str(tmp_path / "site"))
    monkeypatch.delenv("CELLPHENO_OFFLINE", raising=False)
    (tmp_path / "study").mkdir()
    return tmp_path / "site"


def fetch(wanted, site, url):
    return named_weights.fetch(wanted, site.parent / "study", url)


def test_weights_are_fetched_once_and_each_study_has_them(site, server):
    server.files[f"/{FILE}"] = CONTENT
    for _ in range(2):
        table = fetch(NEEDED, site, f"{server.url}/")
        assert table.to_dict("records") == [
            {"name": "imagenet", "network": "resnet18", "file": FILE, "there": True}
        ]
    assert len(server.asked) == 1
    assert (site.parent / "study" / FILE).read_bytes() == CONTENT
    assert (site.parent / "study" / FILE).samefile(site / FILE)


def test_what_is_needed_and_not_there_ends_with_what_to_put_where(site, monkeypatch):
    monkeypatch.setenv("CELLPHENO_OFFLINE", "1")
    with pytest.raises(StudyError) as refused:
        fetch(NEEDED, site, "https://weights.example/")
    assert f"download https://weights.example/{FILE}" in str(refused.value)
    assert f"put it into {site}" in str(refused.value)


def test_what_is_only_wished_for_is_a_warning(site, server, caplog):
    server.answers[f"/{FILE}"] = 404
    table = fetch(WISHED, site, f"{server.url}/")
    assert not table["there"].any()
    assert "cannot be fetched" in caplog.text
    assert "404" in caplog.text


def test_damaged_weights_are_refused_wherever_they_come_from(site, server):
    server.files[f"/{FILE}"] = b"something else"
    with pytest.raises(StudyError, match="cannot be fetched.*sha256"):
        fetch(NEEDED, site, f"{server.url}/")
    assert not (site / FILE).exists()
    (site / FILE).write_bytes(b"something else")
    with pytest.raises(StudyError, match="are damaged"):
        fetch(NEEDED, site, f"{server.url}/")


def test_weights_for_a_gpu_are_not_fetched_where_there_is_none(site, server, monkeypatch):
    monkeypatch.setattr(named_weights, "DRIVER", site / "no driver")
    wanted = {"imagenet": {"resnet18": "wished with a GPU"}}
    assert not fetch(wanted, site, f"{server.url}/")["there"].any()
    assert server.asked == []


def test_without_a_folder_of_the_site_pytorchs_own_is_used(monkeypatch, tmp_path):
    monkeypatch.delenv("CELLPHENO_WEIGHTS", raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert named_weights.cache() == tmp_path / "hub/checkpoints"
