"""Summarise the results for the target class as in the paper's tables (CCA, 2 to 5)."""

from cellpheno.core import job
from cellpheno.study.members import Member
from cellpheno.tables import storage
from cellpheno.tables.cells import CLASSIFIERS
from cellpheno.tables.target import CELL_LEVEL, IMAGE_LEVEL, TARGET_SUMMARY
from cellpheno.target import summary as target_summary

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
cell_level = storage.read(inputs.cell_level, CELL_LEVEL)
image_level = IMAGE_LEVEL.empty()
if inputs.image_level:
    image_level = storage.read(inputs.image_level, IMAGE_LEVEL)
classifiers = storage.read(inputs.classifiers, CLASSIFIERS)

for name, path in snakemake.output.items():
    if name == "inputs":
        summary = target_summary.cells_of(cell_level, params.experiments)
    elif name == "fusion":
        summary = target_summary.images_of(image_level, params.experiments)
    else:
        members = [Member(*member) for member in params.members[name]]
        summary = target_summary.of_design(cell_level, image_level, members)
    storage.write(target_summary.with_cost(summary, classifiers), path, TARGET_SUMMARY)
