"""Assign fields to splits by group and without leaks.

Fields of one group (a well, a slide, a patient) stay together, as do fields with the same pixels
in any group. Fields that must stay together form a block, and whole blocks are assigned.
"""

import hashlib
import itertools
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse
from scipy.cluster.hierarchy import DisjointSet
from scipy.sparse.csgraph import connected_components

from cellpheno.core import notices
from cellpheno.core.errors import StudyError
from cellpheno.core.randomness import generator
from cellpheno.images.quality.measures import OK

LEARNING = ("train", "val", "test")
PREDICT = "predict"
UNUSED = "unused"
"""Split of annotated fields that show the same as fields of another split."""
MOST_UNUSED = 0.2
"""Share of the fields of a split that may be left out, or one field; more are no accident."""
BALANCED, BY_HASH = "balanced", "by_hash"
"""Ways to assign blocks: evenly, or each by the names of its groups, whatever the others."""
DEALS = 16
ABSENT = 1e3
"""Cost of a split without a class or without empty fields: more than any imbalance."""


def assign(
    fields: pd.DataFrame,
    annotated: pd.DataFrame,
    boxes: pd.DataFrame,
    by: str,
    fractions: Mapping[str, float],
    seed: int,
    hold_out: Sequence[str] = (),
    together: Sequence[tuple[str, str]] = (),
    deal: str = BALANCED,
    apart: Sequence[tuple[str, str]] | None = None,
    lost: Collection[str] = (),
) -> pd.DataFrame:
    """Assign every field of good quality to a split; return SPLITS sorted by field.

    The sample sheet's column `split` is kept and applies to the whole block. Annotated fields of
    groups in `hold_out` (values of the column `by`), and no others, are `test`. Fields without
    annotations are `predict` unless the sheet says otherwise; then they count as fields without
    cells, with a warning. All other blocks are assigned by `deal`: `BALANCED` makes fields, empty
    fields, completely annotated ones and cells of each class come close to `fractions`;
    `BY_HASH` keeps blocks in place when others are added.

    `fields` is the quality table with the sample sheet's columns. Pairs of fields in `together`
    get one split, unless the sample sheet gives them two. Of pairs in `apart` that come to two
    splits, one field becomes `unused`: one of `train` rather than `val`, and of `val` than `test`.
    With `apart`, so does one of two fields with the same pixels to which the sheet gives two
    splits, an unannotated one first. Fields in `lost` do not count as fields without cells, because
    cells were drawn in them, of which none is left.

    Raises a StudyError when the sheet assigns a block to two splits, or a split stays empty.
    """
    fields = fields[fields["verdict"] == OK].sort_values("field", ignore_index=True)
    given = fields["split"].to_numpy(dtype=object, na_value="")
    dealt_out = fractions
    if hold_out:
        given = _held_out(fields, annotated, given, by, hold_out)
        dealt_out = {**fractions, "test": 0.0}
    drawn = fields["field"].isin(annotated["field"]).to_numpy()
    takes_part = (drawn | np.isin(given, LEARNING)) & (given != PREDICT)
    unused = takes_part & ~drawn & fields["field"].isin(lost).to_numpy()
    _report_lost(fields.loc[unused, "field"])
    if apart is not None:
        unused |= takes_part & _copies(fields, given, drawn)
    takes_part &= ~unused
    learning = fields[takes_part].reset_index(drop=True)
    _report_unannotated(learning, annotated)
    block = blocks(learning, [by, "content"])
    if len(together):
        fixed = _fixed(learning, block, given[takes_part], by)
        block = blocks(learning, [by, "content"], _joinable(learning, block, fixed, together))
    fixed = _fixed(learning, block, given[takes_part], by)
    complete = ~learning["field"].isin(annotated.loc[~annotated["complete"], "field"]).to_numpy()
    load = _load(learning, block, boxes, complete)
    if deal == BY_HASH:
        dealt = _deal_by_hash(_hashes(learning[by], block, seed), load > 0, fixed, dealt_out)
    else:
        dealt = _deal(load, fixed, dealt_out, seed)
    result = fields[["field"]].assign(group=fields[by].astype("str"), split=PREDICT)
    result.loc[takes_part, "split"] = np.array(LEARNING, dtype=object)[dealt][block]
    result["complete"] = False
    result.loc[takes_part, "complete"] = complete
    # what shows the same is one group, also where intervals count groups
    own = learning[by].astype("str").groupby(block).transform("min")
    result.loc[takes_part, "group"] = own.to_numpy()
    result.loc[unused, "split"] = UNUSED
    _leave_out(result, apart or ())
    _refuse_empty(result, fractions, by)
    refuse_leaks(result, fields, by)
    _report_repeats(result, fields)
    return result


def _copies(
    fields: pd.DataFrame, given: npt.NDArray[np.object_], annotated: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Return the fields [n] to leave out because a field of another split has the same pixels."""
    places = [LEARNING.index(split) if split in LEARNING else -1 for split in given]
    table = fields[["field", "content"]].assign(annotated=annotated, place=places)
    table = table[table["place"] >= 0]
    best = table.sort_values(["annotated", "place"]).groupby("content")["place"].last()
    copies = table.loc[table["place"] != table["content"].map(best), "field"]
    if len(copies):
        notices.warn(
            f"{len(copies)} fields have the same pixels as a field that the sample sheet puts into "
            f"another split, and are not used ({_first(copies)})."
        )
    return fields["field"].isin(copies).to_numpy()


def _leave_out(result: pd.DataFrame, apart: Sequence[tuple[str, str]]) -> None:
    """Leave fields of SPLITS out, in place, so that no pair is in two splits, unless too many."""
    split = dict(zip(result["field"], result["split"], strict=True))
    number = result["split"].value_counts()
    left: dict[str, list[str]] = {}
    for pair in apart:
        given = [split.get(field, UNUSED) for field in pair]
        if given[0] != given[1] and set(given) <= set(LEARNING):
            field = min(pair, key=lambda one: LEARNING.index(split[one]))
            left.setdefault(split[field], []).append(field)
            split[field] = UNUSED
    most = {name: min(max(1, MOST_UNUSED * count), count - 1) for name, count in number.items()}
    if any(len(fields) > most[name] for name, fields in left.items()):
        return
    for name, fields in left.items():
        notices.warn(
            f"{len(fields)} of {number[name]} fields of the split {name} show the same as fields "
            f"of another split and are not used ({_first(pd.Series(fields))}); leaks.tsv has the "
            "pairs. If they do not, copy their rows into a file for splits.known_pairs."
        )
    result["split"] = result["field"].map(split)
    result.loc[result["split"] == UNUSED, "complete"] = False


def blocks(
    fields: pd.DataFrame, columns: Sequence[str], together: Sequence[tuple[str, str]] = ()
) -> npt.NDArray[np.intp]:
    """Return the block number of each field [n], in order of first appearance.

    Fields with the same value in any column belong together, as do pairs in `together` of known
    fields, and all fields in a chain of these.
    """
    rows, values, first = [], [], len(fields)
    for column in columns:
        codes, found = pd.factorize(fields[column])
        rows.append(np.arange(len(fields)))
        values.append(first + codes)
        first += len(found)
    row = dict(zip(fields["field"], range(len(fields)), strict=True)) if len(together) else {}
    pairs = np.array([(row[a], row[b]) for a, b in together if a in row and b in row], np.intp)
    rows.append(pairs.reshape(-1, 2)[:, 0])
    values.append(pairs.reshape(-1, 2)[:, 1])
    ends = (np.concatenate(rows), np.concatenate(values))
    edges = (np.ones(len(ends[0])), ends)
    graph = scipy.sparse.coo_matrix(edges, shape=(first, first))
    _, component = connected_components(graph, directed=False)
    return pd.factorize(component[: len(fields)])[0]


def hold_each_group_out(
    fields: pd.DataFrame,
    annotated: pd.DataFrame,
    boxes: pd.DataFrame,
    by: str,
    fractions: Mapping[str, float],
    seed: int,
    together: Sequence[tuple[str, str]] = (),
    deal: str = BALANCED,
) -> pd.DataFrame:
    """Hold out every annotated group in turn, and stack the splits of each fold as HELD_OUT.

    The parameters are those of `assign`.

    Raises a StudyError when there are fewer than three annotated groups to test, validate and train
    on.
    """
    there = fields[(fields["verdict"] == OK) & fields["field"].isin(annotated["field"])]
    groups = sorted(there[by].unique())
    if len(groups) < len(LEARNING):
        raise StudyError(
            f"Holding each {by} out needs annotated fields of at least {len(LEARNING)} of them to "
            f"train, validate and test on, but there are {len(groups)}; annotate more, or choose "
            "another column in splits.by."
        )
    folds = [
        assign(fields, annotated, boxes, by, fractions, seed, [group], together, deal).assign(
            held_out=group
        )
        for group in groups
    ]
    return pd.concat(folds, ignore_index=True)


def _held_out(
    fields: pd.DataFrame,
    annotated: pd.DataFrame,
    given: npt.NDArray[np.object_],
    by: str,
    hold_out: Sequence[str],
) -> npt.NDArray[np.object_]:
    """Return the given splits, with `test` for annotated fields of held-out groups."""
    held = (fields[by].isin(hold_out) & fields["field"].isin(annotated["field"])).to_numpy()
    elsewhere = np.flatnonzero(held & np.isin(given, ("train", "val")))
    others = np.flatnonzero(~held & (given == "test"))
    for row, what in [*((row, "held out") for row in elsewhere), *((row, "not") for row in others)]:
        raise StudyError(
            f"The sample sheet puts the field {fields['field'][row]} into {given[row]}, but its "
            f"{by}, {fields[by][row]}, is {what} by splits.hold_out; leave its split open."
        )
    return np.where(held & (given == ""), "test", given)


def _fixed(
    fields: pd.DataFrame, block: npt.NDArray[np.intp], given: npt.NDArray[np.object_], by: str
) -> npt.NDArray[np.intp]:
    """Return the split that the sample sheet gives each block, -1 if none."""
    fixed = np.full(block.max(initial=-1) + 1, -1, dtype=np.intp)
    giver: dict[int, str] = {}
    for row, split in enumerate(given):
        if split not in LEARNING:
            continue
        number, wanted = block[row], LEARNING.index(split)
        if fixed[number] not in (-1, wanted):
            raise StudyError(
                f"The sample sheet puts the field {giver[number]} into "
                f"{LEARNING[fixed[number]]} and {fields['field'][row]} into {split}, but they "
                f"belong together (same {by}, or image files equal to the byte); give both the "
                "same split, or leave one out."
            )
        fixed[number] = wanted
        giver[number] = fields["field"][row]
    return fixed


def _joinable(
    fields: pd.DataFrame,
    block: npt.NDArray[np.intp],
    fixed: npt.NDArray[np.intp],
    together: Sequence[tuple[str, str]],
) -> list[tuple[str, str]]:
    """Return the pairs of fields that do not connect two given splits through any chain."""
    own = dict(zip(fields["field"], block.tolist(), strict=True))
    joined, split = DisjointSet(range(len(fixed))), dict(enumerate(fixed.tolist()))
    pairs = []
    for pair in together:
        if not all(field in own for field in pair):
            continue
        given = [split[joined[own[field]]] for field in pair]
        if given[0] != given[1] and min(given) >= 0:
            continue
        joined.merge(*(own[field] for field in pair))
        split[joined[own[pair[0]]]] = max(given)
        pairs.append(pair)
    return pairs


def _load(
    fields: pd.DataFrame,
    block: npt.NDArray[np.intp],
    boxes: pd.DataFrame,
    complete: npt.NDArray[np.bool_],
) -> npt.NDArray[np.float64]:
    """Return each block's share of every kind to balance, [blocks, kinds].

    These are fields, fields without cells if any, completely annotated fields unless all are, and
    the cells of each class.
    """
    cells = pd.crosstab(boxes["field"].to_numpy(), boxes["label"].to_numpy())
    counts = cells.reindex(fields["field"], fill_value=0).to_numpy(np.float64)
    empty = counts.sum(axis=1) == 0
    kinds = [np.ones(len(fields)), *([empty] if empty.any() else [])]
    kinds += [] if complete.all() else [complete]
    counts = np.column_stack([*kinds, counts])
    load = np.zeros((block.max(initial=-1) + 1, counts.shape[1]))
    np.add.at(load, block, counts)
    return load / np.maximum(load.sum(axis=0), 1)


def _deal(
    load: npt.NDArray[np.float64],
    fixed: npt.NDArray[np.intp],
    fractions: Mapping[str, float],
    seed: int,
) -> npt.NDArray[np.intp]:
    """Assign each block to a split: the best of several random orders.

    The order is not largest first, because then the training set would get the crowded groups
    and the test set the sparse ones.
    """
    wanted = np.array([fractions[name] for name in LEARNING], dtype=np.float64)
    wanted /= wanted.sum()
    random = generator(seed, "splits")
    best, least = fixed, np.inf
    for _ in range(DEALS):
        order = random.permutation(np.flatnonzero(fixed < 0))
        dealt = _deal_once(load, fixed, wanted, order)
        filled = np.stack([load[dealt == split].sum(axis=0) for split in range(len(LEARNING))])
        cost = np.square(filled - wanted[:, None]).sum() + ABSENT * (filled[wanted > 0] == 0).sum()
        if cost < least - 1e-12:
            best, least = dealt, cost
    return best


def _deal_once(
    load: npt.NDArray[np.float64],
    fixed: npt.NDArray[np.intp],
    wanted: npt.NDArray[np.float64],
    order: npt.NDArray[np.intp],
) -> npt.NDArray[np.intp]:
    """Assign the open blocks in an order, each to the split that balances the shares best."""
    dealt = fixed.copy()
    filled = np.stack([load[fixed == split].sum(axis=0) for split in range(len(LEARNING))])
    left = (load[order] > 0).sum(axis=0)
    for number in order:
        after = filled[None] + np.eye(len(LEARNING))[:, :, None] * load[number]
        aim = wanted[:, None] * after.sum(axis=1)[:, None, :]
        cost = np.square(after - aim).sum(axis=(1, 2))
        lacks = (filled == 0) & (wanted > 0)[:, None]
        # the last blocks with a class go to the splits that lack it
        due = (load[number] > 0) & (lacks.sum(axis=0) >= left)
        cost += ABSENT * (due & ~lacks).sum(axis=1)
        cost[wanted == 0] = np.inf
        dealt[number] = split = int(np.argmin(cost))
        filled[split] += load[number]
        left -= load[number] > 0
    return dealt


def _hashes(groups: pd.Series, block: npt.NDArray[np.intp], seed: int) -> npt.NDArray[np.float64]:
    """Return a number from 0 to 1 for each block: the smallest hash of its groups' names."""
    numbers = {
        name: int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:6]) / 2**48
        for name in groups.unique()
    }
    return groups.map(numbers).groupby(block).min().to_numpy(np.float64)


def _deal_by_hash(
    hashes: npt.NDArray[np.float64],
    holds: npt.NDArray[np.bool_],
    fixed: npt.NDArray[np.intp],
    fractions: Mapping[str, float],
) -> npt.NDArray[np.intp]:
    """Assign each block to the split whose part of the range from 0 to 1 contains its hash.

    A split without any field, empty field or cell of a class takes the nearest block that has
    one, unless another split would then lack something. `holds` is what blocks have, [blocks,
    kinds], fields first.
    """
    wanted = np.array([fractions[name] for name in LEARNING], dtype=np.float64)
    wanted /= wanted.sum()
    ends = np.cumsum(wanted)
    dealt = np.minimum(np.searchsorted(ends, hashes, side="right"), np.flatnonzero(wanted)[-1])
    dealt = np.where(fixed < 0, dealt, fixed)
    for kind, split in itertools.product(np.argsort(holds.sum(axis=0)), np.flatnonzero(wanted)):
        held = np.stack([holds[dealt == number].sum(axis=0) for number in range(len(LEARNING))])
        if held[split, kind]:
            continue
        needed = (holds & (held[dealt] == 1)).any(axis=1)
        free = np.flatnonzero((fixed < 0) & holds[:, kind] & ~needed)
        if kind == 0 and not len(free):
            free = np.flatnonzero((fixed < 0) & (held[dealt, 0] > 1))
        if len(free):
            away = np.maximum(ends[split] - wanted[split] - hashes, hashes - ends[split])
            dealt[free[np.argmin(away[free])]] = split
    return dealt


def _refuse_empty(splits: pd.DataFrame, fractions: Mapping[str, float], by: str) -> None:
    """Raise a StudyError when a split that should have fields has none."""
    for name in LEARNING:
        if fractions[name] > 0 and not (splits["split"] == name).any():
            annotated = int(splits["split"].isin(LEARNING).sum())
            raise StudyError(
                f"The split {name} has no field: the {annotated} annotated fields are too few or "
                f"share too few values of {by} (splits.by); annotate more groups, choose another "
                "column, or change the column split of the sample sheet."
            )


def _report_unannotated(learning: pd.DataFrame, annotated: pd.DataFrame) -> None:
    """Warn of fields that only the sheet includes, as a slip there would create negatives."""
    names = learning.loc[~learning["field"].isin(annotated["field"]), "field"]
    if len(names):
        notices.warn(
            f"{len(names)} fields are not annotated but the sample sheet puts them into train, val "
            f"or test: they count as fields without cells ({_first(names)}); see splits.tsv."
        )


def _report_lost(names: pd.Series) -> None:
    """Warn of fields whose annotated cells were all left out."""
    if len(names):
        notices.warn(
            f"{len(names)} fields that the sample sheet puts into train, val or test have "
            "annotations, but none that is a cell of the study's classes; they are not used "
            f"({_first(names)}); annotations/report.tsv says what was left out."
        )


def _report_repeats(splits: pd.DataFrame, fields: pd.DataFrame) -> None:
    """Warn of fields to predict with the pixels of an annotated field."""
    content = splits["field"].map(fields.set_index("field")["content"])
    learnt = content[splits["split"].isin(LEARNING)]
    repeats = splits.loc[(splits["split"] == PREDICT) & content.isin(learnt), "field"]
    if len(repeats):
        notices.warn(
            f"{len(repeats)} fields to be predicted have the pixels of an annotated field "
            f"({_first(repeats)}); leave them out of the sample sheet if they were meant to be "
            "other images (qc/fields.tsv, column content)."
        )


def _first(names: pd.Series) -> str:
    return ", ".join(names.head(5)) + (", ..." if len(names) > 5 else "")


def refuse_unlearnable(
    splits: pd.DataFrame, boxes: pd.DataFrame, must_learn: Sequence[str]
) -> None:
    """Raise a StudyError for a class in `must_learn` with annotated cells, but none in `train`."""
    cells = boxes[["field", "label"]].merge(splits[["field", "split"]], on="field")
    for name in must_learn:
        counts = cells.loc[cells["label"] == name, "split"].value_counts()
        where = {split: int(counts.get(split, 0)) for split in LEARNING}
        if any(where.values()) and not where["train"]:
            found = ", ".join(f"{split} {n}" for split, n in where.items())
            raise StudyError(
                f"No field of the split train has an annotated cell of the class {name!r} "
                f"({found}), so no network can learn it; annotate it in further fields, "
                "change the splits (column split of the sample sheet, splits), or leave the class "
                "out of classes and name it in annotations.ignore."
            )


def refuse_leaks(splits: pd.DataFrame, fields: pd.DataFrame, by: str) -> None:
    """Raise a StudyError when two of train, val and test share a group or an image.

    Fields to predict do not matter, because nothing is learned or measured on them. `fields` is
    the quality table, with `content` and the group column `by`.
    """
    learning = splits.loc[splits["split"].isin(LEARNING), ["field", "split"]]
    learning = learning.merge(fields[list({"field", by, "content"})], on="field", how="left")
    for column, what in ((by, f"group ({by})"), ("content", "image content")):
        sides = learning.groupby(column)["split"].nunique()
        if (sides > 1).any():
            value = sides.index[sides > 1][0]
            shared = learning[learning[column] == value].sort_values("field")
            raise StudyError(
                f"The {what} {value} is in more than one split: "
                + ", ".join(f"{row.field} in {row.split}" for row in shared.head(4).itertuples())
                + "; keep the cells of one image on one side."
            )
