"""Import annotations: boxes, classes, fields without cells (A5, A10, C7)."""

from itertools import chain, compress
from operator import not_

import pandas as pd

from cellpheno.annotations.agreement import agreement
from cellpheno.annotations.formats import registry
from cellpheno.annotations.merging import merge
from cellpheno.annotations.regions import FieldNames
from cellpheno.annotations.table import labels_drawn, to_tables, warn_of
from cellpheno.core import job
from cellpheno.images.quality import unequal_losses
from cellpheno.tables import storage
from cellpheno.tables.annotations import (
    AGREEMENT,
    ANNOTATED_FIELDS,
    ANNOTATION_REPORT,
    BOXES,
    GONE_THROUGH,
)
from cellpheno.tables.quality import QUALITY, SET_ASIDE

job.start(snakemake)
params, output = snakemake.params, snakemake.output
fields = storage.read(snakemake.input.fields, QUALITY)
known = FieldNames(fields.to_dict("records"), params.channels)
drawn = [registry.read(settings["files"], settings, known) for settings in params.annotators]
annotators = [to_tables(images, known, params.classes) for images in drawn]
chosen = [settings.get("merge", True) for settings in params.annotators]
merged = merge(list(compress(annotators, chosen)), params.merge_iou)
reports = [merged.report, *(part.report for part in compress(annotators, map(not_, chosen)))]
report = pd.concat([part for part in reports if len(part)] or reports[:1])
warn_of(report, output.report)
compared = unequal_losses.classes(
    labels_drawn(chain.from_iterable(drawn), known), fields, params.seed
)
unequal_losses.warn(compared, "cells", output.set_aside)
storage.write(compared, output.set_aside, SET_ASIDE)
storage.write(merged.boxes, output.boxes, BOXES, searched=merged.fields["field"])
storage.write(merged.fields, output.annotated, ANNOTATED_FIELDS)
storage.write(report, output.report, ANNOTATION_REPORT)
if len(annotators) > 1:
    group_of = dict(zip(fields["field"], fields[params.group], strict=True))
    names = [settings["annotator"] for settings in params.annotators]
    table = agreement(list(zip(names, annotators, strict=True)), group_of)
    storage.write(table, output.agreement, AGREEMENT)
    each = pd.concat([part.boxes for part in annotators])
    storage.write(each, output.each, BOXES)
    fields = [
        part.fields.assign(annotator=name) for name, part in zip(names, annotators, strict=True)
    ]
    storage.write(pd.concat(fields), output.gone_through, GONE_THROUGH)
job.save_warnings(snakemake)
