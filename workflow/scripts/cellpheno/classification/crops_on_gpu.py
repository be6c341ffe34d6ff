"""Cut crops on the device that holds the field, as `crops.cut` does on a CPU.

Cutting, padding and resizing are one linear map of a box's rows and one of its columns, so all
crops are two products of matrices. A grey level may differ by one from OpenCV, which rounds
intermediate values.
"""

import numpy as np
import torch
from torch import Tensor

from cellpheno.images.crops import Boxes, Geometry, windows
from cellpheno.networks.prefetch import send

AT_ONCE = 128
"""Crops in one product; memory grows with the square of the largest box among them."""


def cut(image: Tensor, boxes: Boxes, geometry: Geometry) -> Tensor:
    """Cut the crop of each box [n, 4] px out of a field, uint8 [height, width, channels] (A25-A28).

    Returns uint8 [n, size, size, channels] on the device of the image.
    """
    size = geometry.size
    crops = image.new_empty(len(boxes), size, size, image.shape[2])
    areas = windows(boxes, geometry.margin, *image.shape[:2])
    sides = (areas[:, 2:] - areas[:, :2]).max(axis=1, initial=1)
    order = np.argsort(sides, kind="stable")  # boxes of one size together avoid useless work
    for start in range(0, len(order), AT_ONCE):
        rows = order[start : start + AT_ONCE]
        crops[send(rows, image.device)] = _cut(image, areas[rows], geometry)
    return crops


def _cut(image: Tensor, areas: np.ndarray, geometry: Geometry) -> Tensor:
    extent = areas[:, 2:] - areas[:, :2]
    square = geometry.shape == "padded"
    padded = np.maximum(extent, extent[:, ::-1]) if square else extent
    share = geometry.border if square else 0.0
    edge = np.minimum((share * padded).astype(np.int64), (padded - 1) // 2)
    inner = padded - 2 * edge
    before = (padded - extent) // 2
    table = np.concatenate([areas[:, :2], extent, before, edge, inner], axis=1)
    corner, extent, before, edge, side = send(table, image.device).split(2, dim=1)
    places = torch.arange(int(inner.max()), device=image.device)
    columns, rows = (
        corner[:, axis, None]
        + (edge[:, axis, None] + places - before[:, axis, None])
        .clamp(min=0)
        .minimum(extent[:, axis, None] - 1)
        for axis in (0, 1)
    )
    patches = image[rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2).float()
    across = _weights(side[:, :1, None], places, geometry.size, square)[:, None]
    down = across if square else _weights(side[:, 1:, None], places, geometry.size, square)[:, None]
    crops = down @ patches @ across.transpose(2, 3)
    return crops.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1)


def _weights(side: Tensor, places: Tensor, size: int, areas: bool) -> Tensor:
    """Return the weight [n, size, m] of each pixel of a row in each pixel of the resized row.

    Rows have `side` [n, 1, 1] pixels, numbered by `places` [m]; beyond a row's end weights are 0.
    With `areas`, shortened rows are means over areas; else values lie between the two nearest
    pixels.
    """
    step = side.double() / size
    wanted = torch.arange(size, device=places.device, dtype=torch.float64)[:, None]
    centre = ((wanted + 0.5) * step - 0.5).clamp(min=0).minimum(side - 1)
    between = (1 - (places - centre).abs()).clamp(min=0)
    if not areas:
        return between.float()
    begin, end = wanted * step, (wanted + 1) * step
    shared = (torch.minimum(end, places + 1) - torch.maximum(begin, places)).clamp(min=0) / step
    return torch.where(side > size, shared, between).float()
