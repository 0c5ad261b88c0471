from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from renderd.cache import Cache


@dataclass
class Item:
    size_bytes: int
    held: bool = False


def test_what_was_used_longest_ago_goes_first() -> None:
    cache: Cache[str, Item] = Cache(30)
    for name in "abc":
        cache.put(name, Item(10))
    cache.get("a")
    cache.put("d", Item(10))
    assert cache.get("b") is None and all(cache.get(name) for name in "acd")


def test_what_is_held_stays_even_above_the_budget() -> None:
    cache: Cache[str, Item] = Cache(15)
    held = Item(10, held=True)
    cache.put("a", held)
    cache.put("b", Item(10))
    assert cache.get("a") is held and cache.size_bytes == 20
    held.held = False
    cache.put("c", Item(10))
    assert cache.get("a") is None and cache.size_bytes == 10


def test_a_new_item_is_kept_although_it_alone_is_above_the_budget() -> None:
    cache: Cache[str, Item] = Cache(5)
    cache.put("a", Item(10))
    assert cache.get("a") is not None


def test_an_item_put_again_counts_once() -> None:
    cache: Cache[str, Item] = Cache(100)
    cache.put("a", Item(10))
    cache.put("a", Item(30))
    assert cache.size_bytes == 30 and len(cache) == 1
    cache.remove("a")
    cache.remove("a")
    assert cache.size_bytes == 0


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 40), st.booleans()), max_size=40))
def test_the_bytes_are_always_those_of_the_items(puts: list[tuple[int, int, bool]]) -> None:
    cache: Cache[int, Item] = Cache(100)
    for key, size, held in puts:
        cache.put(key, Item(size, held))
        items = list(cache._items.values())
        assert cache.size_bytes == sum(item.size_bytes for item in items)
        if not any(item.held for item in items):
            assert cache.size_bytes <= 100


def test_what_was_made_from_an_item_goes_with_it() -> None:
    cache: Cache[str, Item] = Cache(100)
    cache.put("volume", Item(10))
    cache.put("labels", Item(10), ("volume",))
    cache.put("mask", Item(10), ("labels",))
    cache.put("other", Item(10))
    cache.remove("volume")
    assert cache.size_bytes == 10 and cache.get("other") is not None and cache.get("mask") is None


def test_what_an_item_is_made_from_does_not_make_room_for_it() -> None:
    cache: Cache[str, Item] = Cache(25)
    cache.put("volume", Item(10))
    cache.put("other", Item(10))
    cache.put("labels", Item(10), ("volume",))
    assert cache.get("volume") is not None and cache.get("labels") is not None and cache.get("other") is None


def test_what_something_held_was_made_from_stays_with_it() -> None:
    cache: Cache[str, Item] = Cache(100)
    cache.put("volume", Item(40))
    cache.put("labels", Item(40, held=True), ("volume",))
    cache.put("other", Item(50))
    assert cache.get("volume") is not None and cache.get("labels") is not None
    assert cache.size_bytes == 130  # what lives is counted
    cache._items["labels"].held = False
    cache.make_room()
    assert cache.get("other") is None and cache.size_bytes == 80


def test_what_is_kept_for_somebody_stays_until_it_is_not() -> None:
    kept = {"a"}
    cache: Cache[str, Item] = Cache(20)
    cache.kept = lambda: kept
    for name in "abc":
        cache.put(name, Item(10))
    assert cache.get("a") is not None and cache.get("b") is None
    kept.clear()
    cache.put("d", Item(20))
    assert cache.get("a") is None
