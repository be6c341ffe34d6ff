# cellpheno: from raw microscope images to tested biological claims.
#
#   snakemake --cores 8 --resources gpu=1                                  the default study
#   snakemake --cores 8 --resources gpu=1 --configfile config/ldc.yaml     another one
#   snakemake figures --cores 8 --resources gpu=1                          its figures alone
import os

from snakemake.utils import min_version

min_version("9.19")


conda: "envs/snakemake.yaml"


# An image of the environments (docs/environments.md). A site names it, not a study's config, which
# is not trusted to choose what runs.
if os.getenv("CELLPHENO_CONTAINER"):

    containerized: os.getenv("CELLPHENO_CONTAINER")


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/registers.smk"
include: "workflow/rules/lookups.smk"
include: "workflow/rules/planned.smk"


# the rule files of the stages that the study needs; each registers what it makes
for stage in stages.of(config, planned=bool(PLANNED)):

    include: f"workflow/rules/{stage}.smk"


rule all:
    default_target: True
    input:
        # all results by name, so that one that is deleted is made again with what depends on it
        RESULTS,
        FIGURES,
