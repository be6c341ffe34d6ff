"""Divide the measured into dim and bright by a mixture of two distributions (L11, L12)."""

import logging

import numpy as np

from cellpheno import job, mixture, tables
from cellpheno.annotations.table import annotated_fields

job.start(snakemake)
inputs, output, settings = snakemake.input, snakemake.output, snakemake.params.labels
shards = [tables.read(path, tables.FLUORESCENCE) for path in inputs.shards]
measured = tables.concatenate(shards, tables.FLUORESCENCE)
quality = tables.read(inputs.quality, tables.QUALITY)
fitted = mixture.chosen(measured, quality, settings["fit_on"])
values = measured.loc[fitted, "value"].to_numpy(np.float64)
found = mixture.fit(values, settings["scale"] == "log", snakemake.params.seed)
mixture.judge(found, settings)
labelled = mixture.apply(measured, fitted, found, settings)
table = mixture.table(found, labelled, settings)
if inputs.objects:
    drawn = tables.read(inputs.objects, tables.BOXES)
    table = mixture.with_agreement(table, labelled, drawn)
boxes = mixture.as_annotations(labelled, settings["channel"])
tables.write(labelled, output.labelled, tables.LABELLED)
tables.write(table, output.mixture, tables.MIXTURE)
incomplete = []
if inputs.drawn:
    drawn_fields = tables.read(inputs.drawn, tables.ANNOTATED_FIELDS)
    incomplete = drawn_fields.loc[~drawn_fields["complete"], "field"].tolist()
fields = annotated_fields(labelled["field"].unique(), boxes, incomplete)
tables.write(boxes, output.boxes, tables.BOXES, searched=fields["field"])
tables.write(fields, output.fields, tables.ANNOTATED_FIELDS)
job.save_warnings(snakemake)
logging.getLogger("label_by_fluorescence").info("\n%s", table.to_string(index=False))
