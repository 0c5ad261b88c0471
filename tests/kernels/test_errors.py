from __future__ import annotations

import inspect
import re

from kernels import errors


def test_every_error_has_a_code_of_its_own():
    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]
    codes = [kind.code for kind in kinds]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z_]+", code) for code in codes)
    assert all(kind.__name__ in (errors.__doc__ or "") for kind in kinds)
