"""What all points of a t-SNE do to each other: on a mesh as between all pairs."""

import math

import numpy as np
import pytest
import torch
from benchmarks import phantoms
from benchmarks.sections import maps as measured
from openTSNE import TSNE
from openTSNE.tsne import kl_divergence_bh

from cellpheno import embedding, neighbors, repulsion
from cellpheno.divergence import Divergence
from cellpheno.repulsion import Repulsion

POINTS, PERPLEXITY = 600, 20
assert POINTS > repulsion.FEW


@pytest.fixture(scope="module")
def reduced():
    return embedding.principal_components(phantoms.features(POINTS, 64), 50)


@pytest.fixture(scope="module")
def graph(reduced):
    return neighbors.nearest(reduced, 3 * PERPLEXITY, seed=0)


@pytest.fixture(scope="module")
def affinities(graph):
    return embedding.affinities(graph, PERPLEXITY)


def scattered(extent, points=POINTS, seed=0):
    return torch.randn(points, 2, generator=torch.Generator().manual_seed(seed)) * extent / 6


def all_pairs(places):
    apart = places[:, None].double() - places.double()
    near = 1 / (1 + (apart**2).sum(2))
    total = near.sum() - len(places)
    return (near[..., None] ** 2 * apart).sum(1) / total, total


@pytest.mark.parametrize(("extent", "off"), [(2, 0.005), (30, 0.005), (200, 0.01)])
def test_the_push_is_that_of_all_pairs_of_points(extent, off):
    places = scattered(extent)
    expected, total = all_pairs(places)
    push, near = Repulsion()(places)
    assert (push - expected).norm() < off * expected.norm()
    assert float(near) == pytest.approx(float(total), rel=1e-3)


def test_few_points_push_each_other_exactly():
    places = scattered(30, points=20)
    expected, total = all_pairs(places)
    push, near = Repulsion()(places)
    np.testing.assert_allclose(push, expected, atol=1e-7)
    assert float(near) == pytest.approx(float(total), rel=1e-6)


@pytest.mark.parametrize("points", [9, POINTS])
def test_points_in_one_place_do_not_push_each_other(points):
    push, near = Repulsion()(torch.full((points, 2), 3.0))
    np.testing.assert_allclose(push, 0, atol=1e-6)
    assert float(near) == pytest.approx(points * (points - 1), rel=1e-3)


def test_pushes_on_a_mesh_cancel():
    push, _ = Repulsion()(scattered(30))
    np.testing.assert_allclose(push.sum(0), 0, atol=1e-6)


def test_a_mesh_that_has_grown_and_shrunk_gives_the_same_push_again():
    pushing = Repulsion()
    first, _ = pushing(scattered(30))
    pushing(scattered(90))
    again, _ = pushing(scattered(30))
    np.testing.assert_array_equal(first, again)


def test_shares_keep_sums_and_places_and_slopes_are_their_change():
    within = torch.linspace(0, 1, 9, dtype=torch.float64)[None]
    share, slope = repulsion.splines(within)
    nodes = torch.tensor([-1.0, 0, 1, 2])[:, None]
    np.testing.assert_allclose(share.sum(1), 1)
    np.testing.assert_allclose((share[0] * nodes).sum(0), within[0], atol=1e-12)
    step = 1e-6
    change = (repulsion.splines(within + step)[0] - repulsion.splines(within - step)[0]) / 2 / step
    np.testing.assert_allclose(slope, change, atol=1e-6)


def test_between_nodes_the_kernel_is_1_over_1_plus_the_square_of_the_distance():
    _, own = repulsion.kernel(64, torch.device("cpu"))
    share, _ = repulsion.splines(torch.tensor([[0.2, 0.9], [0.5, 0.1]]))
    shares = (share[0][:, None] * share[1]).flatten(0, 1)
    apart = math.hypot(0.7, 0.4) * repulsion.SPACING
    assert float(shares[:, 0] @ own @ shares[:, 1]) == pytest.approx(1 / (1 + apart**2), rel=5e-3)


def test_a_mesh_has_factors_that_transforms_are_fast_for():
    sizes = [repulsion.even(nodes) for nodes in (4, 50, 51, 61, 97, 101)]
    assert sizes == [4, 50, 54, 64, 100, 108]


def test_divergence_and_gradient_are_those_of_opentsne(affinities):
    places = scattered(30).double().numpy()
    asked = {"dof": 1, "n_jobs": 1, "should_eval_error": True}
    exactly = {"theta": 0.0}
    expected, slope = kl_divergence_bh(places, affinities.P, bh_params=exactly, **asked)
    found, gradient = Divergence()(places, affinities.P, bh_params=exactly, **asked)
    assert found == pytest.approx(expected, rel=1e-4)
    assert np.linalg.norm(gradient - slope) < 0.01 * np.linalg.norm(slope)


def test_t_sne_is_as_good_as_with_the_repulsion_of_opentsne(reduced, graph, affinities):
    ours = embedding.tsne(reduced, graph, PERPLEXITY, seed=0)
    start = embedding._start(reduced) * 1e-4
    theirs = np.asarray(TSNE(initialization=start, random_state=0).fit(affinities=affinities))
    one, other = (measured.kl(affinities.P.tocoo(), places) for places in (ours, theirs))
    assert one < 1.01 * other
    kept = [measured.preserved(reduced, places) for places in (ours, theirs.astype(np.float32))]
    assert kept[0] > kept[1] - 0.02
