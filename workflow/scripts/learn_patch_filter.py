"""Train the filter of empty patches on labelled ones, and validate it (L9, L10)."""

from pathlib import Path

import numpy as np

from cellpheno.candidates.patch_filter import examples, judgement
from cellpheno.candidates.patch_filter.features import Describer
from cellpheno.core import files, gpu, job
from cellpheno.tables import storage
from cellpheno.tables.patch_filter import FILTER_EXAMPLES, FILTER_METRICS, FILTER_SURFACE
from cellpheno.tables.quality import QUALITY

job.start(snakemake)
inputs, output, params = snakemake.input, snakemake.output, snakemake.params
kind, seed = params.settings["kind"], params.seed
quality = storage.read(inputs.quality, QUALITY)
known = examples.read(Path(inputs.examples), quality, params.channels)
with gpu.device(snakemake) as device:
    describer = Describer(params.settings["weights"], params.size, device)
    crops = describer.of_examples(inputs.shards, known)
    features = describer.describe(crops)
judged = judgement.cross_validate(features, known, kind, params.settings["folds"], seed)
metrics = judgement.metrics(judged, describer.kind, kind, quality.set_index("field")[params.group])
final = judgement.decide(judgement.train(features, known["label"], kind), features)
coordinates = judgement.embed(features, seed)
judged = judged.assign(tsne_1=coordinates[:, 0], tsne_2=coordinates[:, 1])
for array, path in ((features, output.features), (crops, output.crops)):
    with files.whole(path) as temporary:
        np.save(temporary, array)
storage.write(judged, output.examples, FILTER_EXAMPLES)
storage.write(judgement.surface(coordinates, final), output.surface, FILTER_SURFACE)
storage.write(metrics, output.metrics, FILTER_METRICS)
job.save_warnings(snakemake)
print(metrics.to_string(index=False))
