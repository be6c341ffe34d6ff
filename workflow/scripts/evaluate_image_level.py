"""Measure how well cells of the target class are found in whole images (C33 to C35, C53, C54)."""

import dataclasses

from cellpheno import job, tables
from cellpheno.fields import completely_annotated
from cellpheno.fusion import Fusion
from cellpheno.image_level.evaluation import Task, evaluate
from cellpheno.judged import read_runs

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
settings = params.calls
fusion = Fusion(settings["keep_below"], settings["nms_before"], settings["nms_after"])
task = Task(settings["target"], params.weights, fusion, params.report_on, params.seed)
splits = completely_annotated(tables.read(inputs.splits, tables.SPLITS))
# of the experiments that designs add, only the weight that the calls use is measured
few = dataclasses.replace(task, weights=[settings["classifier_weight"]])
runs = read_runs(inputs.judged)
parts = [evaluate(runs, params.pairs, splits, task), evaluate(runs, params.designed, splits, few)]
metrics, weights = zip(*parts, strict=True)
kinds = {"metrics": tables.IMAGE_LEVEL, "weights": tables.FUSION_WEIGHTS}
for frames, (name, kind) in zip((metrics, weights), kinds.items(), strict=True):
    tables.write(tables.concatenate(list(frames), kind), snakemake.output[name], kind)
