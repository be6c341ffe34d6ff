"""Refuse to train on patches that are there again among those that are measured on (A8)."""

from cellpheno import job, leaks, tables

job.start(snakemake)
params = snakemake.params
crops, table = tables.read_with_array(snakemake.input.crops, snakemake.input.table, tables.CROPS)
sides = table["split"]
if params.validation == "cells":
    print("cells of one field are in training and validation on purpose (A8): compared with test")
    sides = sides.replace("val", "train")
pairs = leaks.counted(
    leaks.between_crops(crops, table, sides), params.near_duplicates, snakemake.input.known or None
)
tables.write(pairs, snakemake.log.pairs, tables.LEAKS)
print(f"{len(pairs)} pairs of {len(table)} patches show the same in different splits")
where = f"{snakemake.log.pairs} lists them all"
leaks.judge(pairs, "patches", params.near_duplicates, where)
tables.write(pairs, snakemake.output.leaks, tables.LEAKS)
job.save_warnings(snakemake)
