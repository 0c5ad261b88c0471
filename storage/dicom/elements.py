"""Reading single data elements of a dataset that nobody vouches for: a value of the wrong kind counts as absent."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from datetime import date, time
from typing import Any

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

MAX_TEXT = 1024  # characters; the stored bytes keep what is longer
# pydicom reads GB 2312 behind its escape (ISO 2022 IR 58) and leaves the escape in the text (PS3.3 C.12.1.1.2).
_ESCAPE = re.compile(r"\x1b\$?[()\-,.]?[0-9A-Za-z]")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def value_of(dataset: Dataset, keyword: str | int) -> Any:
    """The value as pydicom reads it, by keyword or tag, or None where it is absent, empty or cannot be read."""
    try:
        value = dataset.get(keyword)
        value = value.value if isinstance(value, DataElement) else value
    except Exception:  # hostile values make pydicom raise nearly anything
        return None
    return None if value is None or (isinstance(value, (str, bytes, Sequence)) and len(value) == 0) else value


def is_said(dataset: Dataset, keyword: str) -> bool:
    """Whether an element has a value, be it one that cannot be read."""
    try:
        value = dataset.get_item(keyword).value if keyword in dataset else None
    except Exception:  # hostile values, as above
        return True
    return bool(value.strip(b" \0") if isinstance(value, bytes) else value is not None and str(value).strip())


def values_of(dataset: Dataset, keyword: str | int) -> list[Any]:
    """All values of an element; an empty list where there is none."""
    value = value_of(dataset, keyword)
    if value is None:
        return []
    return list(value) if isinstance(value, Sequence) and not isinstance(value, (str, bytes)) else [value]


def clean(text: str, limit: int = MAX_TEXT) -> str:
    """Text that PostgreSQL can hold: no NUL, no control characters, no lone surrogates, bounded, composed."""
    return unicodedata.normalize("NFC", _CONTROL.sub("", _ESCAPE.sub("", text[: 4 * limit]))).strip()[:limit]


def text_of(dataset: Dataset, keyword: str) -> str:
    """The first value as text; "" where there is none. Bytes (a wrong VR) count as none."""
    for value in values_of(dataset, keyword)[:1]:
        return "" if isinstance(value, (bytes, Dataset)) else clean(str(value))
    return ""


def texts_of(dataset: Dataset, keyword: str) -> list[str]:
    """All values as text, at most 64 of them."""
    return [clean(str(value)) for value in values_of(dataset, keyword)[:64] if not isinstance(value, (bytes, Dataset))]


def number_of(dataset: Dataset, keyword: str) -> float | None:
    """The first value as a finite number."""
    return next(iter(numbers_of(dataset, keyword)), None)


def numbers_of(dataset: Dataset, keyword: str, count: int = 1) -> list[float]:
    """The first `count` values as finite numbers, or an empty list when there are fewer or one is no number."""
    values = values_of(dataset, keyword)
    if len(values) < count:
        return []
    try:
        numbers = [float(value) for value in values[:count]]
    except (TypeError, ValueError, OverflowError):
        return []
    return numbers if all(math.isfinite(number) for number in numbers) else []


def integer_of(dataset: Dataset, keyword: str) -> int | None:
    """The first value as an integer of 32 bits."""
    number = number_of(dataset, keyword)
    return int(number) if number is not None and number == int(number) and abs(number) < 2**31 else None


def items_of(dataset: Dataset, keyword: str | int) -> list[Dataset]:
    """The items of a sequence."""
    return [item for item in values_of(dataset, keyword) if isinstance(item, Dataset)]


def item_of(dataset: Dataset, keyword: str) -> Dataset:
    """The first item of a sequence, or an empty dataset."""
    return next(iter(items_of(dataset, keyword)), Dataset())


def date_of(dataset: Dataset, keyword: str) -> date | None:
    """A DA value; the dots of ACR-NEMA are allowed."""
    digits = text_of(dataset, keyword).replace(".", "").replace("-", "")
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8])) if len(digits) == 8 else None
    except ValueError:
        return None


def time_of(dataset: Dataset, keyword: str) -> time | None:
    """A TM value to the second; missing minutes and seconds are zero. 60 leap seconds count as 59."""
    digits = text_of(dataset, keyword).replace(":", "").split(".")[0]
    try:
        hour, minute, second = (int(digits[i : i + 2] or 0) for i in (0, 2, 4))
        return time(hour, minute, min(second, 59)) if digits else None
    except ValueError:
        return None
