"""How work that takes long says how far it is, and how it is stopped.

Such a kernel works piece by piece. After each piece it calls `progress(done, total)` on the thread that asked for the
work; whatever that raises ends the work there. Who no longer wants the result raises `kernels.errors.Cancelled`. A
piece is as much as takes about PIECE_S, so that whoever waits for the end of the work does not wait long; only code
that was never compiled before takes longer in its first piece.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Protocol

PIECE_S = 0.1  # at two of them a person who cancels begins to wait


class Progress(Protocol):
    """What is called between two pieces of work, `done` of `total` in a unit of the work's own."""

    def __call__(self, done: int, total: int, /) -> None: ...


def pieces(
    first: int,
    last: int,
    progress: Progress | None = None,
    step: int = 1,
    most: int = 64,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[tuple[int, int]]:
    """From `first` to `last` in pieces of whole steps, each about as long as PIECE_S, told to `progress`.

    Args:
        most: no piece is larger, however fast it is: a card's work is only begun when a piece ends.
    """
    size, start = step, first
    while start < last:
        end = min(start + size, last)
        begun = clock()
        yield start, end
        took = clock() - begun
        if progress is not None:
            progress(end - first, last - first)
        # Twice as many at most: a piece that was lucky says little about the next.
        wanted = (end - start) * PIECE_S / took if took > 0 else most
        size = max(step, min(int(wanted), 2 * size, most) // step * step)
        start = end


def part(progress: Progress | None, number: int, parts: int) -> Progress | None:
    """The progress of one of several works of equal length, as a part of the whole."""
    if progress is None:
        return None
    whole = progress  # for the type checker: it is not None inside

    def told(done: int, total: int) -> None:
        whole(number * total + done, parts * total)

    return told
