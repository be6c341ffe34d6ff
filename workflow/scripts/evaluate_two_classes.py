"""Compare score and calls with the stain, with intervals of several kinds (L21 to L25)."""

from cellpheno.calls import calling
from cellpheno.classification import two_classes
from cellpheno.core import job
from cellpheno.splits import counts
from cellpheno.tables import storage
from cellpheno.tables.cells import CELLS
from cellpheno.tables.labels import LABELLED
from cellpheno.tables.quality import QUALITY
from cellpheno.tables.two_classes import (
    CALIBRATION,
    SCORES,
    TWO_CLASSES,
    TWO_CLASSES_CONFUSION,
    TWO_CLASSES_ROC,
)

job.start(snakemake)
inputs, output, params = snakemake.input, snakemake.output, snakemake.params
runs: dict[str, list] = {}
searched = storage.searched(inputs.cells)
for (experiment, _), predictions in calling.read_runs(
    inputs.predictions, searched, inputs.cells
).items():
    runs.setdefault(experiment, []).append(predictions)
low, high = params.labels["low_class"], params.labels["high_class"]
scored = two_classes.scores(
    storage.read(inputs.cells, CELLS),
    {name: calling.average(seeds, params.classes) for name, seeds in runs.items()},
    storage.read(inputs.labelled, LABELLED),
    low,
)
quality = storage.read(inputs.quality, QUALITY)
data_sets = {counts.all_of(quality[params.column]): quality["field"].tolist()}
for value, fields in quality.groupby(params.column, sort=False)["field"]:
    data_sets[str(value)] = fields.tolist()
found = two_classes.evaluate(
    scored, params.trained_on, data_sets, (low, high), quality.set_index("field")[params.group]
)
storage.write(scored, output.scores, SCORES)
storage.write(found.metrics, output.metrics, TWO_CLASSES)
storage.write(found.roc, output.roc, TWO_CLASSES_ROC)
storage.write(found.confusion, output.confusion, TWO_CLASSES_CONFUSION)
storage.write(found.calibration, output.calibration, CALIBRATION)
print(found.metrics.to_string(index=False))
