"""Draw the detector's training and its metrics (figure 2C)."""

from cellpheno import job, tables
from cellpheno.figures import detection, style

job.start(snakemake)

figure = detection.draw(
    tables.read(snakemake.input.history, tables.HISTORY),
    tables.read(snakemake.input.metrics, tables.DETECTION_METRICS),
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
