"""Embed the classifier's features of called cells by t-SNE and UMAP (A41)."""

import contextlib
from pathlib import Path

from cellpheno.core import gpu, job
from cellpheno.embedding import maps
from cellpheno.tables import storage
from cellpheno.tables.cells import CELLS, EMBEDDING

job.start(snakemake)
settings = maps.Settings(**snakemake.params.settings)
shards = {Path(path).name.removesuffix(".features.npy"): path for path in snakemake.input.features}

with contextlib.ExitStack() as held:
    on_gpu = settings.gpu and held.enter_context(gpu.device(snakemake)).type == "cuda"
    table = maps.embed(
        storage.read(snakemake.input.cells, CELLS),
        shards,
        settings,
        snakemake.params.seed,
        on_gpu,
    )
storage.write(table, snakemake.output.table, EMBEDDING)
