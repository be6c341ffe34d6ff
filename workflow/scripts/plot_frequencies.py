"""Draw how often each class is called in each condition: boxes, points, stars (A50)."""

from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.statistics import frequencies
from cellpheno.tables import storage
from cellpheno.tables.statistics import FREQUENCIES, PLANTED_FREQUENCIES, TESTS

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
figure = frequencies.draw(
    storage.read(inputs.frequencies, FREQUENCIES),
    storage.read(inputs.tests, TESTS),
    params.test,
    style.Palette(**params.palette),
    storage.read(inputs.planted[0], PLANTED_FREQUENCIES) if inputs.planted else None,
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
