"""Fields that the sample sheet names for comparison and that were not compared, in words."""

from collections.abc import Collection

import pandas as pd

from cellpheno.core import notices

SET_ASIDE = "set aside"


class Fields:
    """How many fields the sheet names for comparison, and how many of them are compared.

    Parameters
    ----------
    named
        From `fields.named_for_comparison`: field, condition and usable.
    compared
        Fields that have a value.
    without_value
        What is said of usable fields that have none, such as "without a called cell".
    """

    def __init__(self, named: pd.DataFrame, compared: Collection[str], without_value: str) -> None:
        state = pd.Series(without_value, named.index)
        state = state.where(named["usable"], SET_ASIDE)
        state = state.mask(named["usable"] & named["field"].isin(compared), "compared")
        self.conditions: list[str] = list(named["condition"].unique())
        self._numbers = pd.crosstab(named["condition"], state)

    def complete(self, condition: str) -> bool:
        """Whether the sheet names fields of a condition, and all of them are compared."""
        return condition in self.conditions and not self._lost(condition)

    def used(self, condition: str) -> str:
        """Return how many fields of a condition are compared, and what became of the others."""
        if condition not in self.conditions:
            return "0 of 0 fields in the sheet used"
        numbers = self._numbers.loc[condition]
        lost = ", ".join(f"{n} {state}" for state, n in self._lost(condition).items())
        used = f"{numbers.get('compared', 0)} of {numbers.sum()} fields in the sheet used"
        return f"{used}: {lost}" if lost else used

    def warn(self, expected: bool = True) -> None:
        """Warn of all conditions of which some fields are not compared, in one sentence.

        Parameters
        ----------
        expected
            Whether a study without any field to compare is worth a warning.
        """
        if expected and not self.conditions:
            notices.warn(
                "No field lies in statistics.splits, so that nothing is compared; name the splits "
                "of the fields that are to be compared (splits.tsv lists them)."
            )
        lossy = [f"{name} ({self.used(name)})" for name in self.conditions if self._lost(name)]
        if lossy:
            notices.warn(
                f"Not all fields that the sheet names for comparison are compared: "
                f"{'; '.join(lossy)}; qc/fields.tsv says why fields were set aside."
            )

    def _lost(self, condition: str) -> dict[str, int]:
        numbers = self._numbers.loc[condition].drop("compared", errors="ignore")
        return {str(state): int(n) for state, n in numbers.items() if n}
