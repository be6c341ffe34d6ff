"""Draw the detector's training and its metrics (figure 2C)."""

from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.detection import detection
from cellpheno.tables import storage
from cellpheno.tables.metrics import DETECTION_METRICS, HISTORY

job.start(snakemake)
figure = detection.draw(
    storage.read(snakemake.input.history, HISTORY),
    storage.read(snakemake.input.metrics, DETECTION_METRICS),
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
