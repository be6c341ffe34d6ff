"""Draw several classifiers' UMAP by annotated class and by columns of the sheet (C56)."""

from cellpheno import job, tables
from cellpheno.figures import embeddings, style

job.start(snakemake)
params = snakemake.params

fields = tables.read(snakemake.input.fields, tables.QUALITY)
figure = embeddings.draw(
    {
        name: embeddings.of_sheet(tables.read(path, tables.EMBEDDING), fields, params.columns)
        for name, path in zip(params.experiments, snakemake.input.cells, strict=True)
    },
    params.columns,
    style.Palette(**params.palette),
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
