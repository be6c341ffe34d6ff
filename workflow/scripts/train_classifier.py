"""Train a classifier on the crops (A30, A31)."""

import numpy as np
import pandas as pd
import torch

from cellpheno.classification import training_cells
from cellpheno.classification.sampling import channel_statistics, check_classes, divide
from cellpheno.classification.training import Trainer, TrainingSettings
from cellpheno.core import gpu, job
from cellpheno.core.randomness import derive
from cellpheno.images.crops import Geometry
from cellpheno.networks import multi_gpu
from cellpheno.networks.backbones import ModelSettings, Trained, build, input_statistics, save
from cellpheno.networks.training import Checkpoint, checkpoint_key
from cellpheno.study.classification import may_lack
from cellpheno.tables import storage
from cellpheno.tables.cells import CLASSIFIERS, CROPS, GUESSED_CELLS
from cellpheno.tables.metrics import HISTORY
from cellpheno.tables.quality import QUALITY

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
seed = derive(params.seed, "classifier", snakemake.wildcards.seed)
crops, table = storage.read_with_array(inputs.crops, inputs.table, CROPS)
chosen, training = training_cells.of_training(params.training)
settings = TrainingSettings(**training)
everything = divide(table["split"], settings.validation, seed)
fields = storage.read(inputs.fields, QUALITY) if inputs.fields else None
rows = training_cells.choose_fields(everything, table["field"], chosen, fields, seed)
names, rows = training_cells.label_unknown(
    table["label"],
    rows,
    chosen,
    params.negative_class,
    params.target,
    storage.read(inputs.guessed, GUESSED_CELLS) if inputs.guessed else None,
)
lacking = may_lack(params.training, params.classes)
check_classes(names, rows[0], params.classes, lacking)

torch.manual_seed(derive(seed, "initial weights"))
model_settings = ModelSettings(**params.model)
normalisation = input_statistics(
    model_settings, crops.shape[3], lambda: channel_statistics(crops, rows[0])
)
model = build(model_settings, len(params.classes), *normalisation)

what = [params.channels, params.model, params.training, params.classes, params.groups]
what += [params.negative_class, params.target]
decisive = [*what, seed, params.precision, params.compile, params.code]
checkpoint = Checkpoint(params.checkpoints, checkpoint_key(decisive, inputs))
labels = np.array([params.classes.index(label) for label in names])
with gpu.device(snakemake) as device, multi_gpu.team(device) as device:
    how = params.precision, 1 / chosen.share, params.compile
    trainer = Trainer(model, crops, labels, rows, settings, seed, device, *how)
    history = trainer.run(params.classes, params.groups, checkpoint)
storage.write(history, snakemake.output.history, HISTORY)
geometry = Geometry.of(params.crops)
save(snakemake.output.model, Trained(model, params.classes, geometry, params.channels))
cost = {
    "experiment": snakemake.wildcards.experiment,
    "seed": int(snakemake.wildcards.seed),
    "backbone": model_settings.backbone,
    "input": params.network_input,
    "n_parameters": sum(each.numel() for each in model.parameters()),
    "n_cells": len(rows[0]),
    "training_seconds": trainer.seconds,
    "device": device.type,
}
storage.write(pd.DataFrame([cost]), snakemake.output.cost, CLASSIFIERS)
job.save_warnings(snakemake)
checkpoint.remove()
