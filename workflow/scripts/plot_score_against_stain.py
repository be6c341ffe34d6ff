"""Draw the score from bright field alone against the brightness of the stain (L24, L25)."""

from cellpheno import job, tables
from cellpheno.figures import score_against_stain, style

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
scores = tables.read(inputs.scores, tables.SCORES)
metrics = tables.read(inputs.metrics, tables.TWO_CLASSES)
quality = tables.read(inputs.quality, tables.QUALITY)
figure = score_against_stain.draw(
    scores[scores["experiment"] == params.experiment],
    metrics[metrics["experiment"] == params.experiment],
    quality.set_index("field")[params.column].astype("str"),
    style.Palette(**params.palette),
    params.dim,
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
