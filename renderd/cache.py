"""What is kept in memory: volumes within a budget of bytes, and a few single frames.

Keys hold the institution, so that equal images of two hospitals never meet here. Only the event loop calls this.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection
from typing import Generic, Protocol, TypeVar

Key = tuple[int, str]  # institution, digest of the Stack
FRAMES_BYTES = 256 << 20  # four mammograms


class Sized(Protocol):
    """Something that occupies memory."""

    @property
    def size_bytes(self) -> int: ...
    @property
    def held(self) -> bool:
        """Whether it is in use at this moment and must stay."""
        ...


Item = TypeVar("Item", bound=Sized)
K = TypeVar("K")


class Cache(Generic[K, Item]):
    """The items used last, as many as fit into the budget.

    One that is held stays, even above the budget, and so does what is kept for somebody and what a held one was made
    from.
    """

    def __init__(self, budget_bytes: int) -> None:
        self.budget_bytes = budget_bytes
        self.size_bytes = 0
        self._items: OrderedDict[K, Item] = OrderedDict()
        self.kept: Callable[[], Collection[K]] = tuple  # keys that must stay, there or not
        self._made_from: dict[K, tuple[K, ...]] = {}

    def __len__(self) -> int:
        return len(self._items)

    def items(self) -> list[Item]:
        """All of them."""
        return list(self._items.values())

    def held(self) -> dict[K, int]:
        """What is held at this moment, and its bytes."""
        return {key: item.size_bytes for key, item in self._items.items() if item.held}

    def get(self, key: K) -> Item | None:
        """The item, which now counts as just used."""
        item = self._items.get(key)
        if item is not None:
            self._items.move_to_end(key)
        return item

    def put(self, key: K, item: Item, made_from: tuple[K, ...] = ()) -> None:
        """Keep an item and make room for it: what was used longest ago goes first, and takes what was made from it."""
        self.remove(key)
        self._items[key] = item
        if made_from:
            self._made_from[key] = made_from
        self.size_bytes += item.size_bytes
        self.make_room(key)

    def remove(self, key: K) -> None:
        """Forget an item; whoever still renders it keeps its memory until done."""
        item = self._items.pop(key, None)
        self._made_from.pop(key, None)
        if item is not None:
            self.size_bytes -= item.size_bytes
            for other in [other for other, sources in self._made_from.items() if key in sources]:
                self.remove(other)

    def make_room(self, newest: K | None = None) -> None:
        """Come down to the budget, if what may go is enough; not by the newest item nor what it was made from."""
        if self.size_bytes <= self.budget_bytes:
            return
        stays = set(self.kept())
        if newest is not None:
            stays |= {newest} | self._sources_of(newest)
        for key, item in self._items.items():
            if item.held:
                stays |= {key} | self._sources_of(key)
        for key in list(self._items):
            if self.size_bytes <= self.budget_bytes:
                return
            if key in self._items and key not in stays:
                self.remove(key)

    def _sources_of(self, key: K) -> set[K]:
        """Everything that an item was made from."""
        found: set[K] = set()
        for source in self._made_from.get(key, ()):
            found |= {source} | self._sources_of(source)
        return found
