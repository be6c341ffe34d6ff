"""Draw the detectors side by side: recall, precision, F and time per field (figure S2)."""

from cellpheno import job, tables
from cellpheno.figures import detectors, style

job.start(snakemake)

figure = detectors.draw(
    tables.read(snakemake.input.metrics, tables.DETECTION_METRICS),
    tables.read(snakemake.input.speed, tables.DETECTOR_SPEED),
    snakemake.params.described,
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
