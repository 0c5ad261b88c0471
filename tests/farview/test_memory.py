"""A container's limit counts, in either version of control groups."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from farview.memory import memory_bytes

MACHINE = psutil.virtual_memory().total
V2, V1 = ("sys/fs/cgroup", "memory.max"), ("sys/fs/cgroup/memory", "memory.limit_in_bytes")


def machine(root: Path, groups: str, kind: tuple[str, str], limits: dict[str, str]) -> Path:
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(groups)
    folder, name = kind
    for group, limit in limits.items():
        path = root / folder / group / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{limit}\n")
    return root


@pytest.mark.parametrize(
    ("groups", "kind", "limits", "expected"),
    [
        ("0::/\n", V2, {".": "1000000"}, 1_000_000),  # in a container
        ("0::/\n", V2, {}, MACHINE),
        ("0::/system.slice/farview.service\n", V2, {"system.slice/farview.service": "max"}, MACHINE),
        ("0::/a.slice/b\n", V2, {"a.slice": "2000000", "a.slice/b": "3000000", "c": "1"}, 2_000_000),
        ("0::/../elsewhere\n", V2, {".": "1000000"}, 1_000_000),
        ("9:cpu,cpuacct:/x\n4:memory:/docker/1\n0::/\n", V1, {".": "1000000"}, 1_000_000),
        ("4:hugetlb,memory:/d\n", V1, {".": str(1 << 62), "d": "5000000"}, 5_000_000),
        ("4:memory:/d\n", V1, {"d": str(1 << 62)}, MACHINE),  # that version's word for no limit
        ("5:devices:/\n", V2, {".": "1000000"}, MACHINE),
    ],
)
def test_the_least_limit_of_our_groups_counts(
    tmp_path: Path, groups: str, kind: tuple[str, str], limits: dict[str, str], expected: int
) -> None:
    assert memory_bytes(machine(tmp_path, groups, kind, limits)) == expected


def test_without_control_groups_it_is_the_machine_s_memory(tmp_path: Path) -> None:
    assert memory_bytes(tmp_path) == MACHINE == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
