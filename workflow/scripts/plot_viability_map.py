"""Draw live and dead patches over the field, next to the field itself."""

from cellpheno.core import job
from cellpheno.figures import style
from cellpheno.figures.statistics import viability_map
from cellpheno.images import store
from cellpheno.tables import storage
from cellpheno.tables.quality import QUALITY
from cellpheno.tables.statistics import VIABILITY_MAP

job.start(snakemake)
inputs, params = snakemake.input, snakemake.params
places = storage.read(inputs.map, VIABILITY_MAP)
conditions = storage.read(inputs.quality, QUALITY).set_index("field")["condition"]
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
