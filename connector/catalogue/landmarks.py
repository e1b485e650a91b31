"""Where in the catalogue a page by offset begins, so that nobody walks over what lies before it again and again.

A database finds the dataset after an identifier at once, the hundred-thousandth only by counting. Partners that page by
offset ask for one page after the other, so the end of each is kept as a landmark, every few hundred datasets. Landmarks
of an owner are forgotten when one of its datasets changes, in whichever process; while changes in other processes may
not be heard, none are kept or used.
"""

from bisect import bisect_right

from connector.store import datasets
from connector.store.db import Store

SPACING = 500
"""How far landmarks stand apart at least, in datasets."""
START = (0, "")
_LAST = "\U0010ffff"
Landmark = tuple[int, str]
"""An offset, and the identifier of the dataset that stands right before it."""


class Landmarks:
    """The landmarks of every owner's catalogue, in the order of their offsets."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: dict[str, list[Landmark]] = {}
        self._changes = 0
        store.subscribe(datasets.CHANGED, self._forget)

    @property
    def changes(self) -> int:
        """How often something was forgotten: what was read before the last time is not to be kept."""
        return self._changes

    def before(self, owner: str, offset: int) -> Landmark:
        """Return the nearest landmark at the offset or before it."""
        kept = self._kept.get(owner)
        if not kept or not self._store.signals_are_live:
            return START
        place = bisect_right(kept, (offset, _LAST))
        return kept[place - 1] if place else START

    def keep(self, owner: str, landmark: Landmark, changes: int) -> None:
        """Keep a landmark that was read when there had been so many changes."""
        is_near = landmark[0] - self.before(owner, landmark[0])[0] < SPACING
        if is_near or changes != self._changes or not self._store.signals_are_live:
            return
        kept = self._kept.setdefault(owner, [])
        kept.insert(bisect_right(kept, landmark), landmark)

    def _forget(self, owner: str) -> None:
        self._changes += 1
        if owner:
            self._kept.pop(owner, None)
        else:
            self._kept.clear()
