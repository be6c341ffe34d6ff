"""Measure classifiers trained on some patients on each of them (C41, C42, Table 6)."""

from cellpheno.calls.fusion import Settings
from cellpheno.classification.judged_boxes import read_runs
from cellpheno.core import job
from cellpheno.splits.usable_fields import completely_annotated
from cellpheno.study.members import Member
from cellpheno.tables import storage
from cellpheno.tables.quality import QUALITY, SPLITS
from cellpheno.tables.target import PATIENTS
from cellpheno.target import patients
from cellpheno.target.evaluation import Task

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
settings = Settings(**params.calls)
fields = storage.read(inputs.fields, QUALITY)
metrics = patients.evaluate(
    read_runs(inputs.judged),
    [Member(*member) for member in params.members],
    patients.Patients(
        fields.set_index("field")[params.column].astype(str),
        params.patients,
        {name: own["validate_only"] for name, own in params.training.items()},
    ),
    completely_annotated(storage.read(inputs.splits, SPLITS)),
    params.detectors,
    Task(settings, [], params.report_on),
)
storage.write(metrics, snakemake.output.metrics, PATIENTS)
