"""Explain calls of annotated cells by Grad-CAM."""

import numpy as np

from cellpheno.classification.feature_maps import find_layer
from cellpheno.classification.gradcam import choose, explain
from cellpheno.core import files, gpu, job
from cellpheno.images.crops import cut_from_shards
from cellpheno.networks.backbones import load
from cellpheno.tables import storage
from cellpheno.tables.cells import CELLS

job.start(snakemake)
settings, classes = snakemake.params.grad_cam, snakemake.params.classes
cells = storage.read(snakemake.input.cells, CELLS)
cells = choose(cells, settings["splits"], classes, settings["per_class"], snakemake.params.seed)
targets = np.array([classes.index(name) for name in cells["call"]])
with gpu.device(snakemake) as device:
    trained = load(snakemake.input.model, device, "float32")
    size = trained.geometry.size
    layer = find_layer(trained.model, settings["layer"], size)
    pictures = np.empty((len(cells), size, size, 3), dtype=np.uint8)
    crops = np.empty((len(cells), size, size, len(trained.channels)), dtype=np.uint8)
    for out, channels in ((pictures, None), (crops, trained.channels)):
        cut_from_shards(snakemake.input.shards, cells, trained.geometry, out, channels)
    maps = explain(trained.model, crops, targets, layer, device)
with files.whole(snakemake.output.maps) as temporary:
    np.savez(temporary, crops=pictures, maps=maps, resolution=np.array(layer.resolution))
table = cells.assign(map_row=np.arange(len(cells)))
storage.write(table, snakemake.output.cells, CELLS)
job.save_warnings(snakemake)
