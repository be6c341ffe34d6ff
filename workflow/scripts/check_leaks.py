"""Refuse to train on cells that are there again among those that are measured on (A8)."""

from cellpheno import job, leaks, tables

job.start(snakemake)
params = snakemake.params
crops, table = tables.read_with_array(snakemake.input.crops, snakemake.input.table, tables.CROPS)
sides = table["split"]
if params.validation == "cells":
    print("cells of one field are in training and validation on purpose (A8): compared with test")
    sides = sides.replace("val", "train")
pairs = leaks.between_crops(crops, table, sides)
tables.write(pairs, snakemake.log.pairs, tables.LEAKS)
print(f"{len(pairs)} pairs of {len(table)} cells show the same in different splits")
leaks.judge(pairs, "cells", params.near_duplicates, snakemake.log.pairs)
tables.write(pairs, snakemake.output.leaks, tables.LEAKS)
