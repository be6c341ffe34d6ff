"""Run several detectors on the same held-out fields and time them (A22)."""

import logging
import time
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from cellpheno.detection.backends.interface import Detector
from cellpheno.detection.inference import Settings, detect_field, report_full
from cellpheno.images.store import pick
from cellpheno.tables import storage
from cellpheno.tables.cells import COMPARED_DETECTIONS, DETECTOR_SPEED

logger = logging.getLogger(__name__)

Image = npt.NDArray[np.uint8]


def detect_with_each(
    detectors: Mapping[str, tuple[Detector, Settings]],
    fields: Iterable[tuple[str, Image]],
    channels: Sequence[str],
    device: torch.device,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Find the cells of each field with every detector in turn, so that all meet the same load.

    The first field is seen twice and only the second pass counts, because a network's first call is
    slower than the others. `detectors` maps names to detectors on `device` and their inference
    settings; `fields` yields names and uint8 images [height, width, channels], one in memory at a
    time, with all `channels` of the detectors. Returns tables.COMPARED_DETECTIONS and
    tables.DETECTOR_SPEED.
    """
    found, speed = [COMPARED_DETECTIONS.empty()], []
    counts: dict[str, list[int]] = {name: [] for name in detectors}
    for number, (field, image) in enumerate(fields):
        for name, (detector, settings) in detectors.items():
            seen = pick(image, [channels.index(channel) for channel in detector.channels])
            if number == 0:
                detect_field(detector, field, seen, settings, device)
            start = _now(device)
            detections = detect_field(detector, field, seen, settings, device)
            speed.append([name, field, *image.shape[:2], 1000 * (_now(device) - start)])
            found.append(detections.assign(detector=name))
            counts[name].append(len(detections))
        logger.info("field %s", field)
    for name, (_, settings) in detectors.items():
        report_full(counts[name], settings, f"The detector {name}")
    columns = [column.name for column in DETECTOR_SPEED.columns if column.name != "device"]
    times = pd.DataFrame(speed, columns=columns).assign(device=device.type)
    return storage.concatenate(found, COMPARED_DETECTIONS), times


def _now(device: torch.device) -> float:
    """Return the time in seconds after the device has finished its work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()
