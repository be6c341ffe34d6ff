"""Which field trains, validates, tests or is predicted: by group, and without leaks.

Fields of one group (a well, a slide, a patient) stay together, and so do fields whose image
pixels are the same, whatever group they are in. Those that must stay together form a
block, and blocks are what is dealt out.
"""

import hashlib
import itertools
from collections.abc import Mapping, Sequence

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
BALANCED, BY_HASH = "balanced", "by_hash"
"""How blocks are dealt out: evenly, or each by its own groups' names whatever others there are."""
DEALS = 16
ABSENT = 1e3
"""What it costs when a split lacks a class, or fields without cells: more than any imbalance."""


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
) -> pd.DataFrame:
    """Give every field of sound quality its split.

    What the sample sheet's column `split` says is kept, and passes to the rest of its block.
    Annotated fields of the groups in `hold_out` are the split `test`, and no others are.
    Fields that were not annotated are `predict` unless the sheet says otherwise; then they count
    as fields without cells, which is logged. All other blocks are dealt out: `BALANCED` so that
    fields, fields without cells, completely annotated ones and the cells of each class come as
    close to `fractions` as they can; `BY_HASH` so that blocks that are added later do not move
    others.

    Parameters
    ----------
    fields
        The quality table with the sample sheet's columns.
    annotated
        The table of annotated fields.
    boxes
        The boxes table.
    by
        Column of `fields` that holds the group.
    fractions
        Share of the annotated fields and cells for `train`, `val` and `test`.
    seed
        The study's seed.
    hold_out
        Values of `by`: groups to test on; the others train and validate.
    together
        Pairs of fields that come to one split, whatever their groups, unless the sample sheet
        gives them two.
    deal
        `BALANCED` or `BY_HASH`.

    Returns
    -------
    DataFrame
        The splits table, sorted by field.

    Raises
    ------
    StudyError
        When the sheet puts a block into two splits, or a split stays empty.
    """
    fields = fields[fields["verdict"] == OK].sort_values("field", ignore_index=True)
    given = fields["split"].to_numpy(dtype=object, na_value="")
    dealt_out = fractions
    if hold_out:
        given = _held_out(fields, annotated, given, by, hold_out)
        dealt_out = {**fractions, "test": 0.0}
    takes_part = fields["field"].isin(annotated["field"]).to_numpy() | np.isin(given, LEARNING)
    takes_part &= given != PREDICT
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
    result = fields[["field", "group"]].assign(split=PREDICT)
    result.loc[takes_part, "split"] = np.array(LEARNING, dtype=object)[dealt][block]
    result["complete"] = False
    result.loc[takes_part, "complete"] = complete
    _refuse_empty(result, fractions, by)
    refuse_leaks(result, fields, by)
    _report_repeats(result, fields)
    return result


def blocks(
    fields: pd.DataFrame, columns: Sequence[str], together: Sequence[tuple[str, str]] = ()
) -> npt.NDArray[np.intp]:
    """Return which fields belong together: a shared value in any column, through any chain.

    Pairs of fields in `together` belong together as well; a pair with an unknown field does not
    count.

    Returns
    -------
    array
        [n] number of the block of each field, in order of first appearance.
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
    """Hold out every annotated group in turn: leave-one-patient-out, leave-one-plate-out.

    Parameters
    ----------
    fields, annotated, boxes, by, fractions, seed, together, deal
        As `assign` takes them.

    Returns
    -------
    DataFrame
        tables.HELD_OUT: the splits table of each fold, one below the other.

    Raises
    ------
    StudyError
        When there are fewer than three annotated groups to test, validate and train on.
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
    """Return the splits that are given, with the annotated fields of held-out groups in `test`."""
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
    """Return the split that the sample sheet gives each block, -1 where it leaves it open."""
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
    """Return the pairs of fields that no chain of them brings into two given splits."""
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
    """Return each block's share of what is to be dealt evenly, [blocks, number of these].

    These are the fields, the fields without cells where there are any, the completely annotated
    fields where not all are, and each class's cells.
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
    """Give each block a split: the best of several deals, each in an order of its own.

    The order is random and not largest first: the training set would then get the crowded
    groups, and the test set the sparse ones.
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
    """Deal the open blocks out in an order, each to where the shares so far fit best."""
    dealt = fixed.copy()
    filled = np.stack([load[fixed == split].sum(axis=0) for split in range(len(LEARNING))])
    left = (load[order] > 0).sum(axis=0)
    for number in order:
        after = filled[None] + np.eye(len(LEARNING))[:, :, None] * load[number]
        aim = wanted[:, None] * after.sum(axis=1)[:, None, :]
        cost = np.square(after - aim).sum(axis=(1, 2))
        lacks = (filled == 0) & (wanted > 0)[:, None]
        # the last blocks that hold a class belong to the splits that lack it
        due = (load[number] > 0) & (lacks.sum(axis=0) >= left)
        cost += ABSENT * (due & ~lacks).sum(axis=1)
        cost[wanted == 0] = np.inf
        dealt[number] = split = int(np.argmin(cost))
        filled[split] += load[number]
        left -= load[number] > 0
    return dealt


def _hashes(groups: pd.Series, block: npt.NDArray[np.intp], seed: int) -> npt.NDArray[np.float64]:
    """Return a number from 0 to 1 for each block: the least of those of its groups' names."""
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
    """Give each block the split in whose part of the range from 0 to 1 its hash lies.

    A split that would have no field, none without cells or no cell of a class takes the block that
    holds one and lies nearest to its part, unless another split would lack something by that.
    `holds` says what blocks hold, [blocks, kinds], fields first.
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
    """Raise when a split that should have fields has none."""
    for name in LEARNING:
        if fractions[name] > 0 and not (splits["split"] == name).any():
            annotated = int(splits["split"].isin(LEARNING).sum())
            raise StudyError(
                f"The split {name} has no field: the {annotated} annotated fields are too few or "
                f"share too few values of {by} (splits.by); annotate more groups, choose another "
                "column, or change the column split of the sample sheet."
            )


def _report_unannotated(learning: pd.DataFrame, annotated: pd.DataFrame) -> None:
    """Warn of fields that the sheet alone makes take part: a slip there feigns negatives."""
    names = learning.loc[~learning["field"].isin(annotated["field"]), "field"]
    if len(names):
        notices.warn(
            f"{len(names)} fields are not annotated but the sample sheet puts them into train, val "
            f"or test: they count as fields without cells ({_first(names)}); see splits.tsv."
        )


def _report_repeats(splits: pd.DataFrame, fields: pd.DataFrame) -> None:
    """Warn of fields to be predicted whose pixels are those of an annotated field."""
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
    """Refuse splits that leave a classifier no cell of a class to train on.

    Parameters
    ----------
    splits
        The splits table.
    boxes
        The boxes table.
    must_learn
        Classes that need a cell in the split `train`, where any field but the predicted has one.

    Raises
    ------
    StudyError
        For the first class that has annotated cells, but none in `train`.
    """
    cells = boxes[["field", "label"]].merge(splits[["field", "split"]], on="field")
    for name in must_learn:
        counts = cells.loc[cells["label"] == name, "split"].value_counts()
        where = {split: int(counts.get(split, 0)) for split in LEARNING}
        if any(where.values()) and not where["train"]:
            found = ", ".join(f"{split} {n}" for split, n in where.items())
            raise StudyError(
                f"No field of the split train has an annotated cell of the class {name!r} "
                f"({found}), so that no classifier can learn it; annotate it in further fields, "
                "change the splits (column split of the sample sheet, splits), or leave the class "
                "out of classes and name it in annotations.ignore."
            )


def refuse_leaks(splits: pd.DataFrame, fields: pd.DataFrame, by: str) -> None:
    """Refuse splits that share a group or an image.

    Fields to be predicted are on neither side: nothing is learnt from them or measured on them.

    Parameters
    ----------
    splits
        The splits table.
    fields
        The quality table, with `content` and the column `by`.
    by
        Column that holds the group.

    Raises
    ------
    StudyError
        For the first group, or the first image file, that is in two of train, val and test.
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
                + "; cells of one image must not be on both sides."
            )
