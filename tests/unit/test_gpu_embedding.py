"""The embedding of a GPU: its parts against their definitions, its maps against other libraries'.

Everything runs on the CPU here, and on a GPU too in `test_on_gpu.py`.
"""

import numpy as np
import pytest
import torch
from benchmarks import phantoms
from benchmarks.sections import maps as measured
from sklearn.manifold import trustworthiness

from cellpheno import embedding, neighbors
from cellpheno.gpu_embedding import maps, tsne, umap
from cellpheno.gpu_embedding.nearest import nearest
from cellpheno.gpu_embedding.segments import both_ways, edges, total
from cellpheno.neighborhood import Neighborhood

CPU = torch.device("cpu")
POINTS, PERPLEXITY, NEIGHBORS = 400, 20, 15


@pytest.fixture(scope="module")
def values():
    return phantoms.features(POINTS, 40)


@pytest.fixture(scope="module")
def reduced(values):
    return embedding.principal_components(values, 20)


@pytest.fixture(scope="module")
def graph(reduced):
    return neighbors.nearest(reduced, 3 * PERPLEXITY, seed=0)


@pytest.fixture
def few_steps(monkeypatch):
    """Where the places themselves do not matter."""
    monkeypatch.setattr(tsne, "EARLY", 10)
    monkeypatch.setattr(tsne, "LATE", 20)


def test_principal_components_are_those_of_scikit_learn(values, reduced):
    found = maps.principal_components(torch.from_numpy(values), 20).numpy()
    np.testing.assert_allclose(found, reduced, atol=2e-3)
    assert maps.principal_components(torch.from_numpy(values[:4]), 20).shape == (4, 3)


def test_principal_components_do_not_depend_on_how_many_are_centred_at_a_time(values, monkeypatch):
    once = maps.principal_components(torch.from_numpy(values), 20)
    monkeypatch.setattr(maps, "BLOCK", 33)
    np.testing.assert_allclose(
        maps.principal_components(torch.from_numpy(values), 20), once, atol=2e-3
    )


def test_neighbors_are_those_of_all_distances_nearest_first(reduced, graph, monkeypatch):
    some = reduced.copy()
    some[7] = some[3]  # a point may have a twin
    expected = neighbors.nearest(some, 30, seed=0)[1]
    monkeypatch.setattr("cellpheno.gpu_embedding.nearest.DISTANCES", 9 * POINTS)
    indices, distances = nearest(torch.from_numpy(some), 30)
    np.testing.assert_allclose(distances, expected, atol=1e-3)
    apart = torch.from_numpy(some)[:, None] - torch.from_numpy(some)[indices]
    np.testing.assert_allclose(distances, apart.norm(dim=2), atol=1e-5)
    assert (torch.arange(POINTS)[:, None] != indices).all()
    assert (indices[3, 0], indices[7, 0]) == (7, 3)
    assert (distances.diff(dim=1) >= 0).all()


def test_sums_are_those_of_each_group_and_0_for_an_empty_one():
    sums = total(torch.tensor([[1.0], [2.0], [4.0]]), torch.tensor([2, 0, 1]))
    assert sums.tolist() == [[3.0], [0.0], [4.0]]


def test_connections_lead_both_ways_and_are_sorted_by_their_start():
    found = edges(*both_ways(torch.tensor([[1], [2], [1]]), torch.tensor([[0.5], [1], [2]])), 3)
    assert found.start.tolist() == [0, 1, 1, 1, 2, 2]
    assert found.counts.tolist() == [1, 3, 2]
    each = torch.stack([found.start, found.end, found.weight], dim=1).tolist()
    assert sorted(map(tuple, each)) == [
        (0, 1, 0.5), (1, 0, 0.5), (1, 2, 1), (1, 2, 2), (2, 1, 1), (2, 1, 2),
    ]  # fmt: skip


@pytest.mark.parametrize("perplexity", [3, 20])
def test_affinities_have_the_perplexity(graph, perplexity):
    likely = tsne.affinities(torch.from_numpy(graph[1]), perplexity)
    np.testing.assert_allclose(likely.sum(1), 1)
    np.testing.assert_allclose(torch.special.entr(likely).sum(1).exp(), perplexity, rtol=1e-6)


def test_affinities_of_points_all_alike_are_equal():
    likely = tsne.affinities(torch.zeros(5, 9), 3)
    np.testing.assert_allclose(likely, 1 / 9)


def test_t_sne_is_as_good_as_that_of_opentsne(reduced, graph):
    theirs = embedding.tsne(reduced, graph, PERPLEXITY, seed=0)
    start = torch.from_numpy(embedding._start(reduced) * 1e-4)
    ours = tsne.tsne(start, *map(torch.from_numpy, graph), PERPLEXITY).numpy()
    affinities = measured._affinities(reduced)
    one, other = (measured.kl(affinities, places) for places in (ours, theirs))
    assert one < 1.01 * other
    kept = [measured.preserved(reduced, places) for places in (ours, theirs)]
    assert kept[0] > kept[1] - 0.02


def test_connections_are_those_of_umap_learn(reduced, graph):
    from umap.umap_ import fuzzy_simplicial_set

    itself = np.arange(POINTS)[:, None]
    known = (
        np.hstack([itself, graph[0]])[:, :NEIGHBORS],
        np.hstack([np.zeros((POINTS, 1), np.float32), graph[1]])[:, :NEIGHBORS],
    )
    expected, *_ = fuzzy_simplicial_set(reduced, NEIGHBORS, 0, "euclidean", {}, *known)
    expected = expected.toarray()
    expected[expected < expected.max() / 200] = 0
    k = NEIGHBORS - 1
    near = (torch.from_numpy(each[:, :k]) for each in graph)
    found = umap.connections(*near, passes=200)
    dense = np.zeros((POINTS, POINTS))
    dense[found.start, found.end] = found.weight
    np.testing.assert_allclose(dense, expected, atol=2e-3)
    assert len(found.start) == np.count_nonzero(dense)


def test_umap_keeps_neighborhoods_as_umap_learn_does(reduced, graph):
    theirs = embedding.umap(reduced, graph, NEIGHBORS, seed=0)
    k = NEIGHBORS - 1
    near = (torch.from_numpy(each[:, :k]) for each in graph)
    start = torch.from_numpy(embedding._start(reduced))
    ours = umap.umap(start, *near, torch.Generator().manual_seed(0)).numpy()
    one, other = (trustworthiness(reduced, places, n_neighbors=15) for places in (ours, theirs))
    assert one > other - 0.005
    assert np.ptp(ours, axis=0) == pytest.approx(np.ptp(theirs, axis=0), rel=0.5)


def test_the_same_seed_gives_the_same_maps(values, few_steps):
    near = Neighborhood.fitting(200, 10, 15)
    first, again, other = (maps.both(values[:200], 20, near, seed, CPU) for seed in (0, 0, 1))
    for one, same in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, same)
    assert not np.array_equal(first[1], other[1])


@pytest.mark.parametrize("twins", [0, 6])
def test_few_cells_and_cells_all_but_alike_have_places(values, twins, few_steps):
    few = values[:10].copy()
    few[:twins] = few[0]
    near = Neighborhood.fitting(10, 30, 15)
    for places in maps.both(few, 50, near, 0, CPU):
        assert places.shape == (10, 2)
        assert np.isfinite(places).all()
