"""Divide candidates into dim and bright by a mixture of two distributions (L11, L12)."""

import logging

import numpy as np

from cellpheno.annotations.table import annotated_fields
from cellpheno.core import job
from cellpheno.labels import mixture
from cellpheno.tables import storage
from cellpheno.tables.annotations import ANNOTATED_FIELDS, BOXES
from cellpheno.tables.labels import FLUORESCENCE, LABELLED, MIXTURE
from cellpheno.tables.quality import QUALITY

job.start(snakemake)
inputs, output, settings = snakemake.input, snakemake.output, snakemake.params.labels
shards = [storage.read(path, FLUORESCENCE) for path in inputs.shards]
measured = storage.concatenate(shards, FLUORESCENCE)
quality = storage.read(inputs.quality, QUALITY)
fitted = mixture.chosen(measured, quality, settings["fit_on"])
values = measured.loc[fitted, "value"].to_numpy(np.float64)
found = mixture.fit(values, settings["scale"] == "log", snakemake.params.seed)
mixture.judge(found, settings)
labelled = mixture.apply(measured, fitted, found, settings)
table = mixture.table(found, labelled, settings)
if inputs.objects:
    drawn = storage.read(inputs.objects, BOXES)
    table = mixture.with_agreement(table, labelled, drawn)
boxes = mixture.as_annotations(labelled, settings["channel"])
storage.write(labelled, output.labelled, LABELLED)
storage.write(table, output.mixture, MIXTURE)
incomplete = []
if inputs.drawn:
    drawn_fields = storage.read(inputs.drawn, ANNOTATED_FIELDS)
    incomplete = drawn_fields.loc[~drawn_fields["complete"], "field"].tolist()
fields = annotated_fields(labelled["field"].unique(), boxes, incomplete)
storage.write(boxes, output.boxes, BOXES, searched=fields["field"])
storage.write(fields, output.fields, ANNOTATED_FIELDS)
job.save_warnings(snakemake)
logging.getLogger("label_by_fluorescence").info("\n%s", table.to_string(index=False))
