"""Refuse near-duplicates of training patches among those that are measured on (A8)."""

from cellpheno.core import job
from cellpheno.splits import leaks
from cellpheno.tables import storage
from cellpheno.tables.cells import CROPS
from cellpheno.tables.quality import LEAKS

job.start(snakemake)
params = snakemake.params
crops, table = storage.read_with_array(snakemake.input.crops, snakemake.input.table, CROPS)
sides, mode = table["split"], params.near_duplicates
if mode == leaks.LEAVE_OUT:  # which is for fields: no patch is left out
    mode = leaks.REFUSE
if params.validation == "cells":
    print("cells of one field are in training and validation on purpose (A8): compared with test")
    sides = sides.replace("val", "train")
pairs = leaks.counted(leaks.between_crops(crops, table, sides), mode, snakemake.input.known or None)
storage.write(pairs, snakemake.log.pairs, LEAKS)
print(f"{len(pairs)} pairs of {len(table)} patches show the same in different splits")
where = f"{snakemake.log.pairs} lists them all"
leaks.judge(pairs, "patches", mode, where)
storage.write(pairs, snakemake.output.leaks, LEAKS)
job.save_warnings(snakemake)
