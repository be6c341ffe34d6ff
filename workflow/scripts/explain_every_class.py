"""Show by Grad-CAM which part of chosen crops supports each class (L27)."""

import numpy as np

from cellpheno.classification.feature_maps import find_layer
from cellpheno.classification.gradcam import choose
from cellpheno.classification.map_sanity import explain_every_class
from cellpheno.core import files, gpu, job
from cellpheno.images.crops import cut_from_shards
from cellpheno.networks.backbones import load
from cellpheno.tables import storage
from cellpheno.tables.cells import CELLS

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
settings = params.grad_cam
cells = storage.read(inputs.cells, CELLS)
cells = choose(cells, settings["splits"], params.classes, settings["per_class"], params.seed)
with gpu.device(snakemake) as device:
    trained = load(inputs.model, device, "float32")
    size = trained.geometry.size
    layer = find_layer(trained.model, settings["layer"], size)
    pictures = np.empty((len(cells), size, size, 3), dtype=np.uint8)
    crops = np.empty((len(cells), size, size, len(trained.channels)), dtype=np.uint8)
    for out, channels in ((pictures, None), (crops, trained.channels)):
        cut_from_shards(inputs.shards, cells, trained.geometry, out, channels)
    maps = explain_every_class(trained.model, crops, layer, device)
with files.whole(snakemake.output.maps) as temporary:
    np.savez(
        temporary,
        crops=pictures,
        maps=maps,
        classes=np.array(trained.classes),
        resolution=np.array(layer.resolution),
    )
storage.write(cells.assign(map_row=np.arange(len(cells))), snakemake.output.cells, CELLS)
job.save_warnings(snakemake)
