"""Find near-duplicates among annotated fields and cells of different groups (A8)."""

from cellpheno.core import job
from cellpheno.splits import leaks
from cellpheno.tables import storage
from cellpheno.tables.annotations import ANNOTATED_FIELDS, BOXES
from cellpheno.tables.quality import NEAR_DUPLICATES, QUALITY

job.start(snakemake)
inputs = snakemake.input
learning = leaks.learning(
    storage.read(inputs.fields, QUALITY),
    storage.read(inputs.annotated, ANNOTATED_FIELDS),
)
pictures = {leaks.IMAGE: leaks.whole_fields(inputs.shards, learning["field"])}
if inputs.boxes:
    boxes = storage.read(inputs.boxes, BOXES)
    own = boxes[boxes["field"].isin(learning["field"])].reset_index(drop=True)
    pictures[leaks.CELLS] = leaks.cells(inputs.shards, own)
pairs = leaks.between_fields(learning, pictures, snakemake.params.settings)
for path in snakemake.output:  # for people and for jobs
    storage.write(pairs, path, NEAR_DUPLICATES)
print(f"{len(pairs)} pairs of fields or cells are alike")
