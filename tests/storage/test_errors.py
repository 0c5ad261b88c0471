from __future__ import annotations

import inspect
import re

import pytest

from storage import errors

TREE = [error for _, error in inspect.getmembers(errors, inspect.isclass) if issubclass(error, errors.StorageError)]


@pytest.mark.parametrize("error", TREE)
def test_every_error_has_a_code_of_its_own_and_a_place_in_the_tree(error: type[errors.StorageError]) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", error.code)
    assert [other for other in TREE if other.code == error.code] == [error]
    assert errors.__doc__ and re.search(rf"\b{error.__name__}\b", errors.__doc__)
    assert error.__doc__
