"""Guess the classes of unknown cells with the classifiers trained without them (C39)."""

import numpy as np
import pandas as pd

from cellpheno.calls.calling import probability_columns
from cellpheno.classification.held_out import predict_rows
from cellpheno.classification.inference import Settings
from cellpheno.core import gpu, job
from cellpheno.networks.backbones import load
from cellpheno.tables import storage
from cellpheno.tables.cells import CROPS, GUESSED_CELLS

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
crops, table = storage.read_with_array(inputs.crops, inputs.table, CROPS)
unknown = (table["label"] == params.unknown_class) & table["split"].isin(["train", "val"])
rows = np.flatnonzero(unknown)
with gpu.device(snakemake) as device:
    seeds = [
        predict_rows(
            load(path, device, params.precision),
            crops,
            rows,
            Settings(**params.inference),
            device,
        )
        for path in inputs.models
    ]
guessed = pd.DataFrame(np.mean(seeds, axis=0), columns=probability_columns(params.classes))
guessed = guessed.assign(crop_row=table["crop_row"].to_numpy()[rows])
storage.write(guessed, snakemake.output.guessed, GUESSED_CELLS)
