"""What can go wrong in a kernel.

KernelError
├── InvalidVolume      the array or its affine cannot be sampled
├── InvalidPicture     the pixel grid is not a plane
├── InvalidParameter   a thickness, step, window, sigma or transfer function without a meaning
├── NoBackend          no code for this kind of array
└── Cancelled          whoever asked does not want the result any more
"""

from __future__ import annotations


class KernelError(Exception):
    """A kernel refused its input."""

    code = "kernel_failed"


class InvalidVolume(KernelError):
    """The array or its affine cannot be sampled."""

    code = "invalid_volume"


class InvalidPicture(KernelError):
    """The pixel grid is not a plane: a vector is zero, parallel, not finite or absurdly long."""

    code = "invalid_picture"


class InvalidParameter(KernelError):
    """A thickness, step, window or transfer function has no meaning."""

    code = "invalid_parameter"


class NoBackend(KernelError):
    """There is no code for this kind of array: numpy's are computed on the CPU, those on a card with CUDA."""

    code = "no_backend"


class Cancelled(KernelError):
    """Whoever asked for the work does not want its result any more; raised by a `Progress`, never by a kernel."""

    code = "cancelled"
