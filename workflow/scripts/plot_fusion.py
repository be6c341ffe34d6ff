"""Compare how detector, classifier and both find the target class (C53)."""

from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.calls import fusion
from cellpheno.tables import storage
from cellpheno.tables.target import FUSION_WEIGHTS, IMAGE_LEVEL

job.start(snakemake)
figure = fusion.draw(
    storage.read(snakemake.input.metrics, IMAGE_LEVEL),
    storage.read(snakemake.input.weights, FUSION_WEIGHTS),
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
