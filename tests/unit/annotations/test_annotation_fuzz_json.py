"""Whatever a JSON document contains, valid annotations are read, or it is refused."""

import json
import math
from collections.abc import Callable

import pytest
from annotation_files import DOCUMENTS, FUZZ, SETTINGS, dumped, numbers, read, words
from hypothesis import given, settings
from hypothesis import strategies as st

from cellpheno.annotations.formats import registry
from cellpheno.annotations.regions import FieldNames
from cellpheno.annotations.table import to_tables
from cellpheno.core.errors import StudyError
from cellpheno.tables import storage
from cellpheno.tables.annotations import ANNOTATED_FIELDS, ANNOTATION_REPORT, BOXES

# a reader that hangs ends the test run instead of holding it
pytestmark = pytest.mark.timeout(600)

leaves = st.one_of(st.none(), st.booleans(), numbers, words)
odd = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=3)),
    max_leaves=8,
)


def vocabulary(document: object) -> set[str]:
    """Return every key of a JSON document."""
    if isinstance(document, list):
        return set().union(*map(vocabulary, document))
    if isinstance(document, dict):
        return set(document).union(*map(vocabulary, document.values()))
    return set()


def places(document: object, *above: object) -> list[tuple]:
    """Return the way to every value within a JSON document."""
    inside = document.items() if isinstance(document, dict) else enumerate(document)
    found = []
    for key, value in inside:
        found.append((*above, key))
        if isinstance(value, dict | list):
            found += places(value, *above, key)
    return found


@st.composite
def mutated(draw: Callable, document: object) -> object:
    """A JSON document in which some values are replaced, taken out or put in twice."""
    document = json.loads(json.dumps(document))
    for _ in range(draw(st.integers(1, 3))):
        *way, key = draw(st.sampled_from(places(document) or [("new",)]))
        parent = document
        for step in way:
            parent = parent[step]
        action = draw(st.sampled_from(["replace", "replace", "delete", "repeat"]))
        if action == "delete":
            del parent[key]
        elif action == "repeat" and isinstance(parent, list):
            parent.insert(0, parent[key])
        else:
            parent[key] = draw(odd)
        if not document:
            break
    return document


@pytest.mark.parametrize("name", DOCUMENTS)
@FUZZ
@given(data=st.data())
def test_any_json_value(tmp_path, name, data):
    keys = st.sampled_from(sorted(vocabulary(DOCUMENTS[name])))
    value = st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=5)
        ),
        max_leaves=20,
    )
    read(name, tmp_path / "a.json", dumped(data.draw(value)))


@pytest.mark.parametrize("name", DOCUMENTS)
@settings(FUZZ, max_examples=200)
@given(data=st.data())
def test_a_sound_document_with_values_replaced(tmp_path, name, data):
    read(name, tmp_path / "a.json", dumped(data.draw(mutated(DOCUMENTS[name]))))


@pytest.mark.parametrize("name", DOCUMENTS)
@FUZZ
@given(data=st.data())
def test_what_is_read_becomes_tables_or_one_sentence(tmp_path, name, data):
    path = tmp_path / "a.json"
    path.write_bytes(dumped(data.draw(mutated(DOCUMENTS[name]))))
    known = FieldNames([{"field": "a", "width": 64.0, "height": 48.0}], [])
    cleaned = {"rename": {}, "ignore": [], "pixel_scale": 0.5, "annotator": "anna"}
    try:
        images = registry.read([path], {**SETTINGS, **cleaned, "format": name}, known)
        found = to_tables(images, known, ["living", "dead"])
    except StudyError:
        return
    storage.write(found.boxes, tmp_path / "boxes.parquet", BOXES)
    storage.write(found.fields, tmp_path / "fields.tsv", ANNOTATED_FIELDS)
    storage.write(found.report, tmp_path / "report.tsv", ANNOTATION_REPORT)
    assert len(storage.read(tmp_path / "report.tsv", ANNOTATION_REPORT)) == len(found.report)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_single_value_replaced_by_each_that_is_odd(tmp_path, name):
    for *way, key in places(DOCUMENTS[name]):
        for value in [None, True, "", "x", -1, math.nan, math.inf, 10**400, [], [[]], {}, {"a": 1}]:
            document = json.loads(json.dumps(DOCUMENTS[name]))
            parent = document
            for step in way:
                parent = parent[step]
            parent[key] = value
            read(name, tmp_path / "a.json", dumped(document))
