"""Features of called cells in two dimensions."""

import sys
import types
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from cellpheno.core.errors import StudyError
from cellpheno.embedding import maps, neighbors
from cellpheno.embedding.neighborhood import Neighborhood
from cellpheno.tables import storage
from cellpheno.tables.cells import EMBEDDING

SETTINGS = maps.Settings(["test"], max_cells=100, pca=50, perplexity=30, neighbors=15)


@pytest.fixture
def study(tmp_path):
    """Make 40 cells of two classes in two shards; the classes' features lie far apart."""
    generator = np.random.default_rng(0)
    calls = np.array(["one", "two"] * 20)
    values = generator.normal(size=(40, 12)) + 20 * (calls == "two")[:, None]
    cells = pd.DataFrame(
        {
            "field": [f"f{row // 10}" for row in range(40)],
            "condition": "control",
            "replicate": "r1",
            "group": "g1",
            "x_min": np.arange(40.0),
            "y_min": 0.0,
            "x_max": np.arange(40.0) + 5,
            "y_max": 5.0,
            "split": ["test"] * 30 + ["train"] * 10,
            "label": ["one", None] * 20,
            "call": calls,
            "feature_shard": ["a", "b"] * 20,
            "feature_row": np.arange(40) // 2,
        }
    )
    shards = {"a": tmp_path / "a.npy", "b": tmp_path / "b.npy"}
    np.save(shards["a"], values[0::2].astype(np.float16))
    np.save(shards["b"], values[1::2].astype(np.float16))
    return cells, shards, values


def test_features_come_back_in_the_order_of_the_cells(study):
    cells, shards, values = study
    shuffled = cells.sample(frac=1, random_state=1)
    read = maps.features(shuffled, shards)
    np.testing.assert_array_equal(read, values[shuffled.index].astype(np.float16))
    assert read.dtype == np.float32


def test_cells_far_apart_in_features_are_far_apart_in_both_pictures(study):
    cells, shards, _ = study
    table = maps.embed(cells, shards, SETTINGS, 0)
    for method in ("tsne", "umap"):
        places = table[[f"{method}_1", f"{method}_2"]].to_numpy()
        one, two = (places[table["call"] == call] for call in ("one", "two"))
        spread = max(np.linalg.norm(some - some.mean(0), axis=1).max() for some in (one, two))
        assert np.linalg.norm(one.mean(0) - two.mean(0)) > spread


class StandIn:
    """A method of cuML that records its settings and puts every point at zero."""

    settings: ClassVar[list[dict]] = []

    def __init__(self, **settings):
        self.settings.append(settings)

    def fit_transform(self, values):
        return np.zeros((len(values), 2))


def test_a_gpu_embeds_with_the_same_settings(study, monkeypatch):
    cells, shards, _ = study
    monkeypatch.setitem(sys.modules, "cuml", types.ModuleType("cuml"))
    manifold = types.ModuleType("cuml.manifold")
    manifold.TSNE = manifold.UMAP = StandIn
    monkeypatch.setitem(sys.modules, "cuml.manifold", manifold)
    table = maps.embed(cells, shards, SETTINGS, 0, gpu=True)
    assert (table[["tsne_1", "tsne_2", "umap_1", "umap_2"]] == 0).all(axis=None)
    tsne, umap = StandIn.settings
    assert (tsne["perplexity"], umap["n_neighbors"]) == (29 / 3, 15)


def test_a_gpu_without_its_library_is_refused_with_what_to_do(study):
    cells, shards, _ = study
    with pytest.raises(StudyError, match="set embedding.gpu to false"):
        maps.embed(cells, shards, SETTINGS, 0, gpu=True)


def test_only_cells_of_the_wanted_splits_are_shown_and_the_table_is_valid(study, tmp_path):
    cells, shards, _ = study
    table = maps.embed(cells, shards, SETTINGS, 0)
    storage.write(table, tmp_path / "cells.parquet", EMBEDDING)
    assert len(table) == 30
    assert set(table["split"]) == {"test"}
    assert set(table["condition"]) == {"control"}


def test_order_of_cells_and_number_of_threads_do_not_change_a_digit(study):
    cells, shards, _ = study
    with threadpool_limits(2):
        one = maps.embed(cells, shards, SETTINGS, 0)
    with threadpool_limits(1):
        shuffled = cells.sample(frac=1, random_state=3)
        other = maps.embed(shuffled, shards, SETTINGS, 0)
    pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_more_cells_than_wanted_give_a_subset_that_the_seed_decides(study):
    cells, _, _ = study
    drawn = [maps.choose(cells, ["test", "train"], 12, seed) for seed in (0, 0, 1)]
    assert len(drawn[0]) == 12
    assert list(drawn[0].index) == list(drawn[1].index)
    assert list(drawn[0].index) != list(drawn[2].index)


def test_too_few_cells_give_an_empty_table_and_a_sentence_in_the_log(study, tmp_path, caplog):
    cells, shards, _ = study
    table = maps.embed(cells[:9], shards, SETTINGS, 0)
    storage.write(table, tmp_path / "cells.parquet", EMBEDDING)
    assert table.empty
    assert "9 cells in the splits test, but an embedding needs 10" in caplog.text


def test_ten_cells_are_enough(study):
    cells, shards, _ = study
    table = maps.embed(cells[:10], shards, SETTINGS, 0)
    assert np.isfinite(table[["tsne_1", "tsne_2", "umap_1", "umap_2"]].to_numpy()).all()


def test_components_are_as_many_as_the_data_allow_and_hold_the_variance():
    values = np.random.default_rng(0).normal(size=(30, 6)).astype(np.float32)
    reduced = maps.principal_components(values, 50)
    assert reduced.shape == (30, 6)
    assert reduced.var(axis=0).sum() == pytest.approx(values.var(axis=0).sum(), rel=1e-4)
    assert maps.principal_components(values[:4], 50).shape == (4, 3)


def test_the_sign_of_a_component_does_not_depend_on_the_order_of_the_cells():
    values = np.random.default_rng(0).normal(size=(30, 6)).astype(np.float32)
    one = maps.principal_components(values, 3)
    other = maps.principal_components(values[::-1].copy(), 3)[::-1]
    np.testing.assert_allclose(one, other, atol=1e-4)


def test_features_that_are_no_numbers_are_refused(study):
    cells, shards, _ = study
    np.save(shards["a"], np.full((20, 12), np.inf, dtype=np.float16))
    with pytest.raises(StudyError, match="diverged"):
        maps.features(cells, shards)


def test_features_all_alike_are_refused(study):
    cells, shards, _ = study
    for shard in shards.values():
        np.save(shard, np.ones((20, 12), dtype=np.float16))
    with pytest.raises(StudyError, match="same features"):
        maps.features(cells, shards)


def test_a_row_or_a_shard_that_is_not_there_is_refused_by_name(study):
    cells, shards, _ = study
    with pytest.raises(StudyError, match="shard c"):
        maps.features(cells.assign(feature_shard="c"), shards)
    with pytest.raises(StudyError, match="has 20 rows"):
        maps.features(cells.assign(feature_row=20), shards)


def test_neighbors_are_those_of_all_distances_nearest_first():
    values = np.random.default_rng(0).normal(size=(70, 5)).astype(np.float32)
    values[7] = values[3]  # a point may have a twin
    apart = np.linalg.norm(values[:, None] - values[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    indices, distances = neighbors.nearest(values, 9, seed=0)
    np.testing.assert_allclose(distances, np.sort(apart, axis=1)[:, :9], atol=1e-3)
    np.testing.assert_allclose(distances, np.take_along_axis(apart, indices, 1), atol=1e-3)
    assert all(len(set(row)) == 9 for row in indices)
    assert (indices[3, 0], indices[7, 0]) == (7, 3)


def test_neighbors_of_many_points_are_found_by_trees(monkeypatch):
    values = np.random.default_rng(0).normal(size=(300, 5)).astype(np.float32)
    exact, _ = neighbors.nearest(values, 9, seed=0)
    monkeypatch.setattr(neighbors, "EXACT_UP_TO", 100)
    found, distances = neighbors.nearest(values, 9, seed=0)
    shared = [len(set(one) & set(other)) for one, other in zip(exact, found, strict=True)]
    assert np.mean(shared) > 0.95 * 9
    assert found.dtype == np.int64
    assert (np.diff(distances, axis=1) >= 0).all()
    again, _ = neighbors.nearest(values, 9, seed=0)
    np.testing.assert_array_equal(found, again)


def test_both_methods_see_one_graph(monkeypatch):
    asked = []

    def nearest(values, k, seed):
        asked.append(k)
        return neighbors.nearest(values, k, seed)

    monkeypatch.setattr(maps, "nearest", nearest)
    values = np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)
    near = Neighborhood.fitting(60, perplexity=10, neighbors=15)
    first, second = maps.both(values, near, seed=0)
    assert asked == [30]
    assert first.shape == second.shape == (60, 2)
