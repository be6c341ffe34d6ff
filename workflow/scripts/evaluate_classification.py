"""Measure the classifiers on the annotated cells of held-out fields (A38)."""

from cellpheno.calls import calling
from cellpheno.classification.evaluation import evaluate
from cellpheno.core import job
from cellpheno.splits.usable_fields import groups
from cellpheno.tables import storage
from cellpheno.tables.cells import CELLS
from cellpheno.tables.metrics import CLASSIFICATION_METRICS, COMPARED, CONFUSION, ROC
from cellpheno.tables.quality import SPLITS

job.start(snakemake)
params = snakemake.params
searched = storage.searched(snakemake.input.cells)
single = calling.read_runs(snakemake.input.predictions, searched, snakemake.input.cells)
runs = {}
for experiment in dict.fromkeys(name for name, _ in single):
    seeds = {run: frame for run, frame in single.items() if run[0] == experiment}
    runs |= seeds
    runs[experiment, "mean"] = calling.average(list(seeds.values()), params.classes)
rule = calling.Rule(params.rule, params.threshold, params.classes, params.negative_class)
result = evaluate(
    storage.read(snakemake.input.cells, CELLS),
    runs,
    params.classes,
    params.groups,
    rule.decide,
    groups(storage.read(snakemake.input.splits, SPLITS)),
    params.margin,
)
storage.write(result.metrics, snakemake.output.metrics, CLASSIFICATION_METRICS)
storage.write(result.roc, snakemake.output.roc, ROC)
storage.write(result.confusion, snakemake.output.confusion, CONFUSION)
compared = result.compared.assign(task="classification", among="classifiers", split="test")
storage.write(
    storage.concatenate([COMPARED.empty(), compared], COMPARED), snakemake.output.compared, COMPARED
)
job.save_warnings(snakemake)
