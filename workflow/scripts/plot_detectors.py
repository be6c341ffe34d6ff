"""Compare detectors: recall, precision, F and time per field (figure S2)."""

from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.detection import detectors
from cellpheno.tables import storage
from cellpheno.tables.cells import DETECTOR_SPEED
from cellpheno.tables.metrics import COMPARED, DETECTION_METRICS

job.start(snakemake)
figure = detectors.draw(
    storage.read(snakemake.input.metrics, DETECTION_METRICS),
    storage.read(snakemake.input.compared, COMPARED),
    storage.read(snakemake.input.speed, DETECTOR_SPEED),
    snakemake.params.described,
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
