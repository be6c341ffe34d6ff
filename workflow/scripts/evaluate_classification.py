"""Measure the classifiers on the annotated cells of held-out fields (A38)."""

from cellpheno import calls, job, tables
from cellpheno.classification.evaluation import evaluate

job.start(snakemake)
params = snakemake.params
searched = tables.searched(snakemake.input.cells)
single = calls.read_runs(snakemake.input.predictions, searched, snakemake.input.cells)
runs = {}
for experiment in dict.fromkeys(name for name, _ in single):
    seeds = {run: frame for run, frame in single.items() if run[0] == experiment}
    runs |= seeds
    runs[experiment, "mean"] = calls.average(list(seeds.values()), params.classes)
rule = calls.Rule(params.rule, params.threshold, params.classes, params.negative_class)
result = evaluate(
    tables.read(snakemake.input.cells, tables.CELLS),
    runs,
    params.classes,
    params.groups,
    rule.decide,
    params.seed,
)
tables.write(result.metrics, snakemake.output.metrics, tables.CLASSIFICATION_METRICS)
tables.write(result.roc, snakemake.output.roc, tables.ROC)
tables.write(result.confusion, snakemake.output.confusion, tables.CONFUSION)
job.save_warnings(snakemake)
