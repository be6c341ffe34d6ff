"""Measure score and calls against the stain, with intervals told apart (L21 to L25)."""

from cellpheno import calls, counts, job, tables
from cellpheno.classification import two_classes

job.start(snakemake)
inputs, output, params = snakemake.input, snakemake.output, snakemake.params
runs: dict[str, list] = {}
searched = tables.searched(inputs.cells)
for (experiment, _), predictions in calls.read_runs(
    inputs.predictions, searched, inputs.cells
).items():
    runs.setdefault(experiment, []).append(predictions)
low, high = params.labels["low_class"], params.labels["high_class"]
scored = two_classes.scores(
    tables.read(inputs.cells, tables.CELLS),
    {name: calls.average(seeds, params.classes) for name, seeds in runs.items()},
    tables.read(inputs.labelled, tables.LABELLED),
    low,
)
quality = tables.read(inputs.quality, tables.QUALITY)
data_sets = {counts.all_of(quality[params.column]): quality["field"].tolist()}
for value, fields in quality.groupby(params.column, sort=False)["field"]:
    data_sets[str(value)] = fields.tolist()
found = two_classes.evaluate(scored, params.trained_on, data_sets, (low, high), params.seed)
tables.write(scored, output.scores, tables.SCORES)
tables.write(found.metrics, output.metrics, tables.TWO_CLASSES)
tables.write(found.roc, output.roc, tables.TWO_CLASSES_ROC)
tables.write(found.confusion, output.confusion, tables.TWO_CLASSES_CONFUSION)
tables.write(found.calibration, output.calibration, tables.CALIBRATION)
print(found.metrics.to_string(index=False))
