"""Files of several bit depths in one study: no rule takes their counts for the same."""

import pandas as pd
import pytest

from cellpheno.core.errors import StudyError
from cellpheno.images.quality.verdicts import check_depths

BITS = pd.DataFrame({"field": ["f1", "f2", "f3"], "dapi_bits": [16.0, 8.0, 16.0]})


@pytest.mark.parametrize("rule", ["study", "window"])
def test_equal_counts_of_8_and_of_16_bits_are_not_taken_for_equal(rule):
    message = "channel dapi hold 8 bits in 1 fields such as f2, 16 bits in 2 fields such as f1"
    with pytest.raises(StudyError, match=message):
        check_depths(BITS.assign(rescale=rule), ["dapi"])


@pytest.mark.parametrize("rule", ["image", "percentile"])
def test_fields_that_are_rescaled_each_by_itself_may_differ_in_depth(rule):
    check_depths(BITS.assign(rescale=rule), ["dapi"])


def test_a_field_that_could_not_be_read_has_no_depth():
    unread = BITS.assign(rescale="study", dapi_bits=[16.0, float("nan"), 16.0])
    check_depths(unread, ["dapi", "a channel that no field has"])
