"""Which voxels of a label are connected with one of them: found in a process of its own.

The library that knows it holds Python's interpreter for as long as it works (docs/decisions/0008), a second on a large
volume. In the process that makes pictures all of them would stand still for that long. The labels go there and back
through memory that both processes share.
"""

from __future__ import annotations

import asyncio
import mmap
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from storage.parent import end_with_us

COMMAND = (sys.executable, "-m", "renderd.connecting")

Voxel = tuple[int, int, int]  # z, y, x


async def keep_connected(labels: NDArray[np.uint8], seed: Voxel, other: int) -> int:
    """Give all voxels with the seed's label that are not connected with it another one; how many these are.

    Raises:
        RuntimeError: the process has failed, and said why.
    """
    with _shared(labels.size) as file:
        shared = _mapped(file, labels.shape)
        await asyncio.to_thread(np.copyto, shared, labels)
        arguments = map(str, (file, *labels.shape, *seed, other))
        process = await asyncio.create_subprocess_exec(
            *COMMAND,
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=(file,),
            preexec_fn=end_with_us(signal.SIGKILL),
        )
        try:
            told, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
        if process.returncode:
            raise RuntimeError(f"connected parts were not found: exit code {process.returncode}")
        await asyncio.to_thread(np.copyto, labels, shared)
    return int(told)


@contextmanager
def _shared(size: int) -> Iterator[int]:
    """The descriptor of so many bytes that a child may inherit; on Linux they are memory, whatever /dev/shm holds."""
    with os.fdopen(os.memfd_create("labels"), "wb") if sys.platform == "linux" else tempfile.TemporaryFile() as file:
        file.truncate(size)
        yield file.fileno()


def _mapped(file: int, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    return np.frombuffer(mmap.mmap(file, 0), np.uint8).reshape(shape)


def main(arguments: list[str]) -> None:
    """The process: a descriptor, the shape, the seed and the other label; it writes how many voxels have changed."""
    from kernels.components import seeded  # noqa: PLC0415 - the process that makes pictures has no use for it

    file, nz, ny, nx, z, y, x, other = map(int, arguments)
    labels = _mapped(file, (nz, ny, nx))
    mine = labels == labels[z, y, x]
    lost = mine & ~seeded(mine, [(z, y, x)])
    labels[lost] = other
    sys.stdout.write(f"{np.count_nonzero(lost)}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
