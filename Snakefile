# cellpheno: from raw microscope images to tested biological claims.
#
#   snakemake --cores 8 --resources gpu=1                                  the default study
#   snakemake --cores 8 --resources gpu=1 --configfile config/ldc.yaml     another one
#   snakemake figures --cores 8 --resources gpu=1                          its figures alone
from snakemake.utils import min_version

min_version("9.19")


# A study's config stands alone: it is not laid over the default study's.
if not workflow.overwrite_configfiles:

    configfile: "config.yaml"


conda: "envs/snakemake.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"


if "simulation" in config:

    include: "workflow/rules/simulation.smk"


include: "workflow/rules/fields.smk"
include: "workflow/rules/annotations.smk"
include: "workflow/rules/detection.smk"
include: "workflow/rules/classification.smk"
include: "workflow/rules/calls.smk"
include: "workflow/rules/embedding.smk"
include: "workflow/rules/statistics.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/figures_cells.smk"
include: "workflow/rules/figures_networks.smk"
include: "workflow/rules/figures_statistics.smk"
include: "workflow/rules/report.smk"


rule all:
    default_target: True
    input:
        f"results/{config['study']}/report.zip",
