"""Draw the mixture behind the labels, and every label over its brightness (L11 to L13)."""

import numpy as np

from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.labels import labels_from_stain
from cellpheno.images import store
from cellpheno.tables import storage
from cellpheno.tables.labels import LABELLED, MIXTURE
from cellpheno.tables.quality import QUALITY

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
labelled = storage.read(inputs.labelled, LABELLED)
chosen = labels_from_stain.choose(labelled)
pictures = {name: [] for name in params.palette["classes"] if (chosen["label"] == name).any()}
for shard in inputs.shards:
    stains = dict(store.read(shard, chosen["field"], [params.stain]))
    for field, image in store.read(shard, chosen["field"]):
        for row in chosen[chosen["field"] == field].itertuples():
            place = np.s_[int(row.y_min) : int(row.y_max), int(row.x_min) : int(row.x_max)]
            pictures[row.label].append((image[place], stains[field][place][..., 0]))
figure = labels_from_stain.draw(
    labelled,
    storage.read(inputs.mixture, MIXTURE),
    storage.read(inputs.quality, QUALITY).set_index("field")["condition"],
    style.Palette(**params.palette),
    params.scale,
    params.banded,
    pictures,
)
style.save(figure, snakemake.output.pdf, snakemake.output.png)
