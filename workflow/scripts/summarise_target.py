"""List how well the target class is found in the layout of the paper's tables (CCA, 2 to 5)."""

from cellpheno import job, tables, target_summary
from cellpheno.designs.members import Member

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
cell_level = tables.read(inputs.cell_level, tables.CELL_LEVEL)
image_level = tables.IMAGE_LEVEL.empty()
if inputs.image_level:
    image_level = tables.read(inputs.image_level, tables.IMAGE_LEVEL)
classifiers = tables.read(inputs.classifiers, tables.CLASSIFIERS)

for name, path in snakemake.output.items():
    if name == "inputs":
        summary = target_summary.cells_of(cell_level, params.experiments)
    elif name == "fusion":
        summary = target_summary.images_of(image_level, params.experiments)
    else:
        members = [Member(*member) for member in params.members[name]]
        summary = target_summary.of_design(cell_level, image_level, members)
    tables.write(target_summary.with_cost(summary, classifiers), path, tables.TARGET_SUMMARY)
