"""Divide the annotated fields into training, validation and test, without leaks (A8)."""

from cellpheno.annotations.regions import WITHOUT_REGIONS
from cellpheno.core import job
from cellpheno.splits import assign, leaks
from cellpheno.tables import storage
from cellpheno.tables.annotations import ANNOTATED_FIELDS, ANNOTATION_REPORT, BOXES
from cellpheno.tables.quality import NEAR_DUPLICATES, QUALITY, SPLITS

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
annotated = storage.read(inputs.annotated, ANNOTATED_FIELDS)
boxes = storage.read(inputs.boxes, BOXES)
went_through = storage.searched(inputs.boxes)
storage.check_fields(annotated["field"], went_through, inputs.annotated, inputs.boxes)
pairs = {}
if inputs.pairs:
    found = storage.read(inputs.pairs, NEAR_DUPLICATES)
    found = leaks.counted(found, params.moves, inputs.known or None)
    moved = "together" if params.moves == leaks.KEEP_TOGETHER else "apart"
    pairs = {moved: list(zip(found["first"], found["second"], strict=True))}
lost = []
if inputs.report:
    report = storage.read(inputs.report, ANNOTATION_REPORT)
    lost = report.loc[report["problem"] != WITHOUT_REGIONS, "field"].dropna().unique()
result = assign.assign(
    storage.read(inputs.fields, QUALITY),
    annotated,
    boxes,
    seed=params.seed,
    lost=lost,
    **pairs,
    **params.splits,
)
assign.refuse_unlearnable(result, boxes, params.must_learn)
storage.write(result, snakemake.output.splits, SPLITS)
job.save_warnings(snakemake)
print(result["split"].value_counts().to_string())
