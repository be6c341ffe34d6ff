"""Keep the patches of a shard that the filter judges good (L9)."""

import numpy as np
import pandas as pd

from cellpheno.candidates.patch_filter import judgement
from cellpheno.candidates.patch_filter.features import Describer
from cellpheno.core import gpu, job
from cellpheno.core.progress import track
from cellpheno.tables import storage
from cellpheno.tables.cells import DETECTIONS
from cellpheno.tables.patch_filter import FILTER_EXAMPLES, JUDGED_PATCHES

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
patches = storage.read(inputs.candidates, DETECTIONS)
known = storage.read(inputs.examples, FILTER_EXAMPLES)
machine = judgement.train(np.load(inputs.features), known["label"], params.settings["kind"])
decision = pd.Series(np.nan, index=patches.index)
with gpu.device(snakemake) as device:
    describer = Describer(params.settings["weights"], params.size, device)
    fields = describer.of_shard(inputs.shard, patches)
    for field, crops in track(fields, "fields", patches["field"].nunique()):
        own = (patches["field"] == field).to_numpy()
        decision[own] = judgement.decide(machine, describer.describe(crops))
judged = patches.drop(columns="score").assign(decision=decision, kept=decision > 0)
storage.write(judged, snakemake.output.judged, JUDGED_PATCHES)
searched = storage.searched(inputs.candidates)
storage.write(patches[judged["kept"]], snakemake.output.kept, DETECTIONS, searched)
print(f"{judged['kept'].sum()} of {len(judged)} patches kept")
