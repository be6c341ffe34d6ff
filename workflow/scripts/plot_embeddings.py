"""Draw several classifiers' UMAP by annotated class and by columns of the sheet (C56)."""

from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.embedding import embeddings
from cellpheno.tables import storage
from cellpheno.tables.cells import EMBEDDING
from cellpheno.tables.quality import QUALITY

job.start(snakemake)
params = snakemake.params
fields = storage.read(snakemake.input.fields, QUALITY)
figure = embeddings.draw(
    {
        name: embeddings.of_sheet(storage.read(path, EMBEDDING), fields, params.columns)
        for name, path in zip(params.experiments, snakemake.input.cells, strict=True)
    },
    params.columns,
    style.Palette(**params.palette),
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
