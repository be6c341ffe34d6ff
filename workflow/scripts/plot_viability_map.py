"""Draw live and dead patches over the field, beside the field itself."""

from cellpheno import job, tables
from cellpheno.figures import style, viability_map
from cellpheno.images import store

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
places = tables.read(inputs.map, tables.VIABILITY_MAP)
conditions = tables.read(inputs.quality, tables.QUALITY).set_index("field")["condition"]
chosen = viability_map.choose(places, conditions)
pictures, stains = {}, {}
for shard in inputs.shards:
    pictures |= dict(store.read(shard, chosen))
    if params.stain:
        stains |= {field: s[..., 0] for field, s in store.read(shard, chosen, [params.stain])}
panels = [
    viability_map.Panel(
        conditions[field],
        field,
        pictures[field],
        stains.get(field),
        places[places["field"] == field],
    )
    for field in chosen
]
figure = viability_map.draw(panels, params.viability["class"])
style.save(figure, snakemake.output.pdf, snakemake.output.png)
