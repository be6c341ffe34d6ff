"""Report fields that the sample sheet names for comparison and that were not compared."""

from collections.abc import Collection

import pandas as pd

from cellpheno.core import notices
from cellpheno.splits.usable_fields import SET_ASIDE


class Fields:
    """Numbers of fields that the sheet names for comparison, and of those compared.

    `named` comes from `fields.named_for_comparison`: field, condition and usable; `lost` says
    why others are not, if they were not set aside. `compared` fields have a value; usable ones
    without are described by `without_value`, such as "without a called cell".
    """

    def __init__(self, named: pd.DataFrame, compared: Collection[str], without_value: str) -> None:
        state = pd.Series(without_value, named.index)
        state = state.where(named["usable"], named.get("lost", SET_ASIDE))
        state = state.mask(named["usable"] & named["field"].isin(compared), "compared")
        self.conditions: list[str] = list(named["condition"].unique())
        self._numbers = pd.crosstab(named["condition"], state)

    def complete(self, condition: str) -> bool:
        """Return whether the sheet names fields of a condition, and all of them are compared."""
        return condition in self.conditions and not self._lost(condition)

    def used(self, condition: str) -> str:
        """Return how many fields of a condition are compared, and why others are not."""
        if condition not in self.conditions:
            return "0 of 0 fields in the sheet used"
        numbers = self._numbers.loc[condition]
        lost = ", ".join(f"{n} {state}" for state, n in self._lost(condition).items())
        used = f"{numbers.get('compared', 0)} of {numbers.sum()} fields in the sheet used"
        return f"{used}: {lost}" if lost else used

    def warn(self, expected: bool = True) -> None:
        """Warn of conditions with fields that are not compared and, if `expected`, of no fields."""
        if expected and not self.conditions:
            notices.warn(
                "No field lies in statistics.splits, so nothing is compared; name the splits of "
                "the fields to compare (splits.tsv lists them)."
            )
        lossy = [f"{name} ({self.used(name)})" for name in self.conditions if self._lost(name)]
        if lossy:
            notices.warn(
                "Not all fields that the sheet names for comparison are compared: "
                f"{'; '.join(lossy)}; qc/fields.tsv says why fields were set aside."
            )

    def _lost(self, condition: str) -> dict[str, int]:
        numbers = self._numbers.loc[condition].drop("compared", errors="ignore")
        return {str(state): int(n) for state, n in numbers.items() if n}
