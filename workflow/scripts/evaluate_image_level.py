"""Measure how well cells of the target class are found in whole images (C33 to C35, C53, C54)."""

import dataclasses

from cellpheno.calls.fusion import Settings
from cellpheno.classification.judged_boxes import read_runs
from cellpheno.core import job
from cellpheno.splits.usable_fields import completely_annotated
from cellpheno.tables import storage
from cellpheno.tables.metrics import COMPARED
from cellpheno.tables.quality import SPLITS
from cellpheno.tables.target import FUSION_WEIGHTS, IMAGE_LEVEL
from cellpheno.target.evaluation import Task, evaluate

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
settings = Settings(**params.calls)
task = Task(settings, params.weights, params.report_on, params.margin)
splits = completely_annotated(storage.read(inputs.splits, SPLITS))
# experiments added by designs are measured with the weight of the calls only
few = dataclasses.replace(task, weights=[settings.classifier_weight])
runs = read_runs(inputs.judged)
parts = [evaluate(runs, params.pairs, splits, task), evaluate(runs, params.designed, splits, few)]
metrics, weights, compared = zip(*parts, strict=True)
kinds = {"metrics": IMAGE_LEVEL, "weights": FUSION_WEIGHTS}
for frames, (name, kind) in zip((metrics, weights), kinds.items(), strict=True):
    storage.write(storage.concatenate(list(frames), kind), snakemake.output[name], kind)
storage.write(compared[0], snakemake.output.compared, COMPARED)
