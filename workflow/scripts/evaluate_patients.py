"""Measure what was trained on some patients on each of them (C41, C42, Table 6)."""

from cellpheno import job, tables
from cellpheno.designs import patients
from cellpheno.designs.members import Member
from cellpheno.fields import completely_annotated
from cellpheno.fusion import Fusion
from cellpheno.image_level.evaluation import Task
from cellpheno.judged import read_runs

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
settings = params.calls
fusion = Fusion(settings["keep_below"], settings["nms_before"], settings["nms_after"])
weight = settings["classifier_weight"]
fields = tables.read(inputs.fields, tables.QUALITY)
metrics = patients.evaluate(
    read_runs(inputs.judged),
    [Member(*member) for member in params.members],
    patients.Patients(
        fields.set_index("field")[params.column].astype(str),
        params.patients,
        {name: own["validate_only"] for name, own in params.training.items()},
    ),
    completely_annotated(tables.read(inputs.splits, tables.SPLITS)),
    params.detectors,
    Task(settings["target"], [weight], fusion, params.report_on, params.seed),
    weight,
)
tables.write(metrics, snakemake.output.metrics, tables.PATIENTS)
