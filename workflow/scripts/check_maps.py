"""Compare Grad-CAM maps with those of the network as it is destroyed (Adebayo 2018)."""

import numpy as np

from cellpheno.classification.feature_maps import find_layer
from cellpheno.classification.gradcam import BY_CHANCE, choose
from cellpheno.classification.map_sanity import check
from cellpheno.core import gpu, job
from cellpheno.images.crops import cut_from_shards
from cellpheno.networks.backbones import load
from cellpheno.tables import storage
from cellpheno.tables.cells import CELLS
from cellpheno.tables.metrics import MAP_SANITY

PER_CLASS = 16

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
cells = storage.read(inputs.cells, CELLS)
cells = choose(cells, params.grad_cam["splits"], params.classes, PER_CLASS, params.seed)
cells = cells[cells["kind"] == BY_CHANCE]
targets = np.array([params.classes.index(name) for name in cells["call"]])
with gpu.device(snakemake) as device:
    trained = load(inputs.model, device, "float32")
    size = trained.geometry.size
    layer = find_layer(trained.model, params.grad_cam["layer"], size)
    crops = np.empty((len(cells), size, size, len(trained.channels)), dtype=np.uint8)
    cut_from_shards(inputs.shards, cells, trained.geometry, crops, trained.channels)
    table = check(trained.model, crops, targets, layer, params.seed, device)
storage.write(table, snakemake.output.table, MAP_SANITY)
job.save_warnings(snakemake)
print(table.to_string(index=False))
