"""Keep the patches of a shard that the filter takes for good (L9)."""

import numpy as np
import pandas as pd

from cellpheno import gpu, job, tables
from cellpheno.patch_filter import judgement
from cellpheno.patch_filter.features import Describer
from cellpheno.progress import track

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
patches = tables.read(inputs.candidates, tables.DETECTIONS)
known = tables.read(inputs.examples, tables.FILTER_EXAMPLES)
machine = judgement.train(np.load(inputs.features), known["label"], params.settings["kind"])
decision = pd.Series(np.nan, index=patches.index)
with gpu.device(snakemake) as device:
    describer = Describer(params.settings["weights"], params.size, device)
    fields = describer.of_shard(inputs.shard, patches)
    for field, crops in track(fields, "fields", patches["field"].nunique()):
        own = (patches["field"] == field).to_numpy()
        decision[own] = judgement.decide(machine, describer.describe(crops))
judged = patches.drop(columns="score").assign(decision=decision, kept=decision > 0)
tables.write(judged, snakemake.output.judged, tables.JUDGED_PATCHES)
searched = tables.searched(inputs.candidates)
tables.write(patches[judged["kept"]], snakemake.output.kept, tables.DETECTIONS, searched)
print(f"{judged['kept'].sum()} of {len(judged)} patches kept")
