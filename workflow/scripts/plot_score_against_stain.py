"""Draw the score from bright field over the brightness of the stain (L24, L25)."""

from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.labels import score_against_stain
from cellpheno.tables import storage
from cellpheno.tables.quality import QUALITY
from cellpheno.tables.two_classes import SCORES, TWO_CLASSES

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
scores = storage.read(inputs.scores, SCORES)
metrics = storage.read(inputs.metrics, TWO_CLASSES)
quality = storage.read(inputs.quality, QUALITY)
figure = score_against_stain.draw(
    scores[scores["experiment"] == params.experiment],
    metrics[metrics["experiment"] == params.experiment],
    quality.set_index("field")[params.column].astype("str"),
    style.Palette(**params.palette),
    params.dim,
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
