"""Record the used config with all defaults filled in."""

from pathlib import Path

import yaml

from cellpheno.core import job
from cellpheno.core.files import whole

job.start(snakemake)
with whole(snakemake.output[0]) as temporary:
    Path(temporary).write_text(yaml.safe_dump(dict(snakemake.params.config), sort_keys=False))
