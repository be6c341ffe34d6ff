"""Draw how well the target class is found by the detector, the classifier and both (C53)."""

from cellpheno import job, tables
from cellpheno.figures import fusion, style

job.start(snakemake)
figure = fusion.draw(
    tables.read(snakemake.input.metrics, tables.IMAGE_LEVEL),
    tables.read(snakemake.input.weights, tables.FUSION_WEIGHTS),
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
