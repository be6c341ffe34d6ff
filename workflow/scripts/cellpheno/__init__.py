"""From raw microscope images to tested biological claims: the library under the workflow.

One room per stage; a module imports only what lies below it. Nothing here knows Snakemake,
except `job`.
"""
