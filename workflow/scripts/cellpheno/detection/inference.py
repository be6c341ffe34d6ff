"""Find the cells of whole fields with a trained detector (A18, A20)."""

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from cellpheno.core import boxes as geometry
from cellpheno.core import notices
from cellpheno.core.errors import StudyError
from cellpheno.detection.backends.interface import MIN_OBJECTNESS, Detector, Limits
from cellpheno.detection.pixels import rescale, to_tensor
from cellpheno.networks.prefetch import on_device
from cellpheno.tables import storage
from cellpheno.tables.cells import DETECTIONS
from cellpheno.tables.columns import BOX_COLUMNS


@dataclasses.dataclass(frozen=True)
class Settings:
    """Settings of the config's `detection/inference`."""

    scale: float
    """Enlargement of a field before detection (A20)."""
    min_score: float
    nms_iou: float
    max_detections: int
    on_full: str = "stop"
    """For a field with as many boxes as `max_detections`: `stop`, or `keep_best`."""
    min_objectness: float = MIN_OBJECTNESS
    proposals_before_nms: int | None = None
    proposals_after_nms: int | None = None

    @property
    def limits(self) -> Limits:
        """Which boxes the detector returns."""
        own = {each.name: getattr(self, each.name) for each in dataclasses.fields(Limits)}
        return Limits(**own)


def usable(quality: pd.DataFrame, names: Iterable[str]) -> list[str]:
    """Return the fields whose verdict in tables.QUALITY is `ok`, in the order given.

    Raises StudyError when a field has no verdict.
    """
    verdicts = dict(zip(quality["field"], quality["verdict"], strict=True))
    names = list(names)
    unknown = [name for name in names if name not in verdicts]
    if unknown:
        raise StudyError(
            f"The quality control has no verdict on the field {unknown[0]}; delete qc/fields.tsv "
            "of the study and run the workflow again."
        )
    return [name for name in names if verdicts[name] == "ok"]


def detect_field(
    detector: Detector,
    field: str,
    image: npt.NDArray[np.uint8] | torch.Tensor,
    settings: Settings,
    device: torch.device,
) -> pd.DataFrame:
    """Find the cells of one field, uint8 [height, width, channels], seen whole.

    Returns tables.DETECTIONS, best score first, clipped to the field.

    Raises
    ------
    StudyError
        When there may be more cells than `max_detections`, unless the best ones are to be kept.
    """
    height, width = image.shape[:2]
    scaled, _ = rescale(to_tensor(image, device), torch.zeros(0, 4, device=device), settings.scale)
    found, certainty = detector.detect(scaled, settings.limits)
    if len(found) >= settings.max_detections and settings.on_full == "stop":
        raise StudyError(
            f"The detector found {len(found)} cells in the field {field}, as many as "
            "detection/inference/max_detections allows, so some may be lost; raise max_detections, "
            "or min_score if most of them are no cells, or set on_full to keep_best."
        )
    shrink = np.array([width / scaled.shape[-1], height / scaled.shape[-2]] * 2)
    corners = geometry.clip(found.cpu().numpy().astype(np.float64) * shrink, width, height)
    scores = certainty.cpu().numpy().astype(np.float64)
    order = np.lexsort((corners[:, 0], corners[:, 1], -scores))
    order = order[geometry.area(corners)[order] > 0]
    frame = pd.DataFrame(corners[order], columns=BOX_COLUMNS)
    frame.insert(0, "field", np.full(len(order), field, dtype=object))
    return frame.assign(score=scores[order])


def detect_fields(
    detector: Detector,
    fields: Iterable[tuple[str, npt.NDArray[np.uint8]]],
    settings: Settings,
    device: torch.device,
) -> pd.DataFrame:
    """Find the cells of several fields, one in memory at a time; return tables.DETECTIONS."""
    found = [
        detect_field(detector, name, image, settings, device)
        for name, image in on_device(fields, device)
    ]
    report_full([len(each) for each in found], settings, "The detector")
    return storage.concatenate(found, DETECTIONS)


def report_full(counts: Sequence[int], settings: Settings, who: str) -> None:
    """Warn of fields in which a detector found as many cells as allowed; `who` names it."""
    full = sum(count >= settings.max_detections for count in counts)
    if full:
        notices.warn(
            f"{who} found as many cells as detection/inference/max_detections allows "
            f"({settings.max_detections}) in {full} of {len(counts)} fields and kept the best "
            "ones, so cells may be missing there; raise it to have them all."
        )
