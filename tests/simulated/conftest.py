"""Tests that only mean something under numba's CUDA simulator, which a process chooses before it imports numba.

tests/kernels/test_cuda_simulator.py runs them in a process of their own; anywhere else they are not collected.
"""

from __future__ import annotations

import os

collect_ignore_glob = [] if os.environ.get("NUMBA_ENABLE_CUDASIM") == "1" else ["test_*.py"]
