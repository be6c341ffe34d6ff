"""Guess the classes of unknown cells with the classifiers trained without them (C39)."""

import numpy as np
import pandas as pd

from cellpheno import gpu, job, tables
from cellpheno.calls import probability_columns
from cellpheno.classification.backbones import load
from cellpheno.classification.held_out import predict_rows

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
crops, table = tables.read_with_array(inputs.crops, inputs.table, tables.CROPS)
unknown = (table["label"] == params.unknown_class) & table["split"].isin(["train", "val"])
rows = np.flatnonzero(unknown)
with gpu.device(snakemake) as device:
    seeds = [
        predict_rows(
            load(path, device, params.precision),
            crops,
            rows,
            params.inference["four_flips"],
            device,
        )
        for path in inputs.models
    ]
guessed = pd.DataFrame(np.mean(seeds, axis=0), columns=probability_columns(params.classes))
guessed = guessed.assign(crop_row=table["crop_row"].to_numpy()[rows])
tables.write(guessed, snakemake.output.guessed, tables.GUESSED_CELLS)
