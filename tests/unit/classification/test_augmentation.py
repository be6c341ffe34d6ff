"""Random turns, blur and brightness of crops; effect of the published brightness."""

import types

import numpy as np
import pytest
import torch
from torchvision.transforms.functional import gaussian_blur

from cellpheno.classification import augmentation

BRIGHT = {"probability": 1.0, "limit": 0.2, "kind": "sound"}


def crops(n=4, channels=3, size=12):
    generator = torch.Generator().manual_seed(0)
    shape = (n, channels, size, size)
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)


def changes(**given):
    return types.SimpleNamespace(**{"rotation": {}, "blur": {}, "brightness": {}, **given})


def test_crops_stay_as_they_are_and_no_chance_is_drawn_where_nothing_is_asked_for():
    torch.manual_seed(0)
    images = crops()
    asked = changes(blur={"probability": 0.0, "kernel": [3, 7]}, brightness={"probability": 0.0})
    assert augmentation.change(images, asked) is images
    untouched = torch.rand(1)
    torch.manual_seed(0)
    assert torch.equal(torch.rand(1), untouched)


def test_sound_brightness_moves_every_pixel_of_a_crop_by_the_same_and_clips_at_the_full_range():
    torch.manual_seed(0)
    images = crops(n=50)
    changed = augmentation.change(images, changes(brightness=BRIGHT))
    moved = (changed - images.float()).flatten(1)
    shift = moved.gather(1, moved.abs().argmax(1, keepdim=True))
    assert shift.abs().max() <= 0.2 * 255
    assert shift.min() < -0.1 * 255
    assert shift.max() > 0.1 * 255
    expected = (images.flatten(1).float() + shift).clamp(0, 255)
    assert torch.allclose(changed.flatten(1), expected, atol=1e-3)


@pytest.mark.parametrize("seed", range(4))
def test_clipped_brightness_makes_a_crop_ones_and_zeros_as_the_published_code_does(seed):
    """Computed by hand: v + beta, beta in -0.2 to 0.2, clipped to 0 to 1, for v of 0 to 255."""
    torch.manual_seed(seed)
    images = torch.tensor([0, 1, 2, 14, 255], dtype=torch.uint8).view(1, 1, 1, 5)
    [[[found]]] = augmentation.change(images, changes(brightness={**BRIGHT, "kind": "clipped"}))
    beta = found[0].item() if found[0] > 0 else found[1].item() - 1
    assert -0.2 <= beta <= 0.2
    expected = [max(0.0, beta), min(1.0, 1 + beta), 1.0, 1.0, 1.0]
    assert found.tolist() == pytest.approx(expected, abs=1e-6)


def test_clipped_brightness_leaves_nothing_of_a_bright_field_crop_and_half_of_the_crops_alone():
    torch.manual_seed(0)
    images = (crops(n=400) // 20 + 5).to(torch.uint8)  # 5 to 17: no pixel is dark
    asked = changes(brightness={"probability": 0.5, "limit": 0.2, "kind": "clipped"})
    changed = augmentation.change(images, asked)
    destroyed = (changed == 1).all(dim=(1, 2, 3))
    whole = (changed == images).all(dim=(1, 2, 3))
    assert (destroyed | whole).all()
    assert 160 < destroyed.sum() < 240


def test_blurred_crops_are_those_of_a_gaussian_of_one_of_the_sizes_and_the_others_stay():
    torch.manual_seed(0)
    images = crops(n=60, channels=4)
    changed = augmentation.change(images, changes(blur={"probability": 0.5, "kernel": [3, 7]}))
    # OpenCV's standard deviation for a size: 0.3 ((size - 1) / 2 - 1) + 0.8
    sigma = {3: 0.8, 5: 1.1, 7: 1.4}
    known = {1: images.float()}
    known |= {size: gaussian_blur(images.float(), size, sigma[size]) for size in sigma}
    sizes = [
        next(size for size, each in known.items() if torch.allclose(each[row], changed[row]))
        for row in range(len(images))
    ]
    assert 15 < sizes.count(1) < 45
    assert set(sizes) == {1, 3, 5, 7}


def test_a_turned_crop_shows_the_same_turned_and_is_reflected_at_its_edge():
    torch.manual_seed(0)
    images = crops(n=1, size=21)
    quarter = {"probability": 1.0, "degrees": 90}
    angles = []
    for seed in range(40):
        torch.manual_seed(seed)
        turned = augmentation.turned(images.float(), quarter)
        assert turned.min() >= 0
        assert turned.max() <= 255
        assert torch.allclose(turned[..., 10, 10], images[..., 10, 10].float(), atol=1e-3)
        angles.append((turned - images.float()).abs().mean().item())
    assert min(angles) > 0
    assert len(set(np.round(angles, 3))) > 30
    still = augmentation.turned(images.float(), {"probability": 0.0, "degrees": 90})
    assert torch.equal(still, images.float())


def test_a_turn_by_exactly_a_quarter_is_that_of_the_pixels(monkeypatch):
    monkeypatch.setattr(torch, "rand", lambda n: torch.ones(n) * 0.999999999)
    images = crops(n=2, size=9).float()
    turned = augmentation.turned(images, {"probability": 1.1, "degrees": 90})
    assert torch.allclose(turned, images.rot90(1, (2, 3)), atol=0.1) or torch.allclose(
        turned, images.rot90(-1, (2, 3)), atol=0.1
    )
