"""Draw how often each class is called in each condition: boxes, points, stars (A50)."""

from cellpheno import job, tables
from cellpheno.figures import frequencies, style

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
figure = frequencies.draw(
    tables.read(inputs.frequencies, tables.FREQUENCIES),
    tables.read(inputs.tests, tables.TESTS),
    params.test,
    style.Palette(**params.palette),
    tables.read(inputs.planted[0], tables.PLANTED_FREQUENCIES) if inputs.planted else None,
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
