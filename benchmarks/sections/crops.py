"""C4: cut, resize and persist the crops of a field."""

import shutil

import numpy as np

from benchmarks import phantoms, references
from benchmarks.sections import Options
from benchmarks.timing import Comparison, alternate
from cellpheno.images.crops import Geometry, cut

MARGIN = 4  # px of the crop: how borders are handled differs


def run(options: Options) -> list[Comparison]:
    """Compare one array of all crops with two PNG files for each cell."""
    height, width, cells = (200, 240, 4) if options.tiny else (2160, 2560, 400)
    geometry = Geometry(0.16, 0.12, 64 if options.tiny else 224)
    radii = (8, 20) if options.tiny else (20, 40)  # smaller than the crop: both ways enlarge
    image, boxes, _ = phantoms.field(height, width, cells, seed=0, radius=radii)
    folder = options.folder / "pictures"

    def reference() -> np.ndarray:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        seen = []
        for number, box in enumerate(boxes):
            square, crop = references.crop(image, box, geometry)
            references.write_pictures(folder, number, square, crop)
            seen.append(crop)
        return np.stack(seen)

    def ours() -> np.ndarray:
        crops = cut(image, boxes, geometry)
        np.save(options.folder / "crops.npy", crops)
        return crops

    times, results = alternate({"reference": reference, "ours": ours}, options.rounds)
    inner = [each[:, MARGIN:-MARGIN, MARGIN:-MARGIN].astype(int) for each in results.values()]
    difference = float(np.abs(inner[0] - inner[1]).max())
    return [
        Comparison(
            row="C4",
            what=f"{len(boxes)} crops of {geometry.size} px from a field, resized and stored",
            reference="per cell, scikit-image, two PNG",
            reference_ms=min(times["reference"].cpu) * 1e3,
            ours="OpenCV, one array",
            ours_ms=min(times["ours"].cpu) * 1e3,
            goal=40,
            gate="largest difference of a pixel away from the border at most 1",
            measured=difference,
            holds=difference <= 1,
        )
    ]
