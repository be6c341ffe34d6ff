"""Draw the fields of a shard for annotators, one PNG each (C3)."""

from pathlib import Path

import pandas as pd

from cellpheno.core import job, made_files
from cellpheno.core.progress import track
from cellpheno.images import annotator_view
from cellpheno.tables import storage
from cellpheno.tables.quality import PICTURES

job.start(snakemake)
params = snakemake.params
rows = track(params.rows, "fields", len(params.rows))
folder_name = Path(snakemake.output.pictures).with_suffix("")
with made_files.replaced(folder_name) as folder:
    for field, picture in annotator_view.views(rows, params.view, params.image_files):
        annotator_view.save(folder / f"{field}.png", picture)
pictures = pd.DataFrame({"field": [row["field"] for row in params.rows]}, dtype=object)
pictures["picture"] = str(folder_name) + "/" + pictures["field"] + ".png"
storage.write(pictures, snakemake.output.pictures, PICTURES)
