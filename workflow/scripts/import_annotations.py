"""Import what people have annotated: boxes, classes, fields without cells (A5, A10, C7)."""

from itertools import chain, compress
from operator import not_

import pandas as pd

from cellpheno import job, tables
from cellpheno.annotations import formats
from cellpheno.annotations.agreement import agreement
from cellpheno.annotations.merging import merge
from cellpheno.annotations.regions import FieldNames
from cellpheno.annotations.table import labels_drawn, to_tables, warn_of
from cellpheno.images import losses

job.start(snakemake)
params, output = snakemake.params, snakemake.output
fields = tables.read(snakemake.input.fields, tables.QUALITY)
known = FieldNames(fields.to_dict("records"), params.channels)
drawn = [formats.read(settings["files"], settings, known) for settings in params.annotators]
annotators = [to_tables(images, known, params.classes) for images in drawn]
chosen = [settings.get("merge", True) for settings in params.annotators]
merged = merge(list(compress(annotators, chosen)), params.merge_iou)
reports = [merged.report, *(part.report for part in compress(annotators, map(not_, chosen)))]
report = pd.concat([part for part in reports if len(part)] or reports[:1])
warn_of(report, output.report)
compared = losses.classes(labels_drawn(chain.from_iterable(drawn), known), fields, params.seed)
losses.warn(compared, "cells", output.set_aside)
tables.write(compared, output.set_aside, tables.SET_ASIDE)
tables.write(merged.boxes, output.boxes, tables.BOXES, searched=merged.fields["field"])
tables.write(merged.fields, output.annotated, tables.ANNOTATED_FIELDS)
tables.write(report, output.report, tables.ANNOTATION_REPORT)
if len(annotators) > 1:
    names = [settings["annotator"] for settings in params.annotators]
    table = agreement(list(zip(names, annotators, strict=True)), params.seed)
    tables.write(table, output.agreement, tables.AGREEMENT)
    each = pd.concat([part.boxes for part in annotators])
    tables.write(each, output.each, tables.BOXES)
    fields = [
        part.fields.assign(annotator=name) for name, part in zip(names, annotators, strict=True)
    ]
    tables.write(pd.concat(fields), output.gone_through, tables.GONE_THROUGH)
job.save_warnings(snakemake)
