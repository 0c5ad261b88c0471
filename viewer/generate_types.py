"""Write the page's message types from the Python dataclasses, which are the truth.

    python viewer/generate_types.py            writes both files
    python viewer/generate_types.py --check    says which file is out of date and exits 1

tests/test_types.py runs the check, so a message changed on one side only is noticed.
"""

from __future__ import annotations

import sys
import types
from dataclasses import MISSING, fields, is_dataclass
from enum import EnumMeta
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

ROOT = Path(__file__).resolve().parent.parent
SCALARS = {str: "string", int: "number", float: "number", bool: "boolean", type(None): "null"}
NOTICE = "// Written from {source} by `make types`. Change it there.\n"


def typescript(hint: Any) -> str:
    """The TypeScript type of a Python annotation."""
    if hint in SCALARS:
        return SCALARS[hint]
    if get_origin(hint) is tuple and get_args(hint)[1:] == (...,):
        hint = list[get_args(hint)[0]]  # of any length
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return " | ".join(f'"{value}"' for value in arguments)
    if origin in (Union, types.UnionType):
        return " | ".join(typescript(argument) for argument in arguments)
    if origin is tuple:
        return f"[{', '.join(typescript(argument) for argument in arguments)}]"
    if origin is list:
        (item,) = arguments
        inner = typescript(item)
        return f"({inner})[]" if " | " in inner else f"{inner}[]"
    if is_dataclass(hint):
        return str(hint.__name__)
    raise TypeError(f"no TypeScript for {hint!r}: add it to {Path(__file__).name}")


def interface(cls: type) -> str:
    """One dataclass as an interface; a field with a default may be left out when it is sent."""
    hints = get_type_hints(cls)
    lines = [f"export interface {cls.__name__} {{"]
    for field in fields(cls):
        tag = get_origin(hints[field.name]) is Literal and len(get_args(hints[field.name])) == 1
        optional = "?" if field.default is not MISSING and not tag else ""
        lines.append(f"  {field.name}{optional}: {typescript(hints[field.name])};")
    return "\n".join([*lines, "}\n"])


def enumeration(cls: EnumMeta) -> str:
    """An IntEnum or IntFlag as a frozen object of numbers."""
    members: dict[str, Any] = dict(cls.__members__)
    return f"export const {cls.__name__} = {{ {', '.join(f'{n}: {int(v)}' for n, v in members.items())} }} as const;\n"


def module(source: str, package: Any, extra: list[str]) -> str:
    """All dataclasses of a Python module in the order they are written there, then `extra` lines."""
    parts = [NOTICE.format(source=source)]
    for thing in vars(package).values():
        if getattr(thing, "__module__", None) != package.__name__:
            continue
        if is_dataclass(thing) and isinstance(thing, type):
            parts.append(interface(thing))
        elif isinstance(thing, EnumMeta):
            parts.append(enumeration(thing))
    return "\n".join(parts + extra)


def union(name: str, hint: Any) -> str:
    return f"export type {name} = {typescript(hint)};"


def files() -> dict[Path, str]:
    """What each generated file should hold."""
    sys.path.insert(0, str(ROOT))
    from api import messages  # noqa: PLC0415 - the path is set just above
    from renderd import protocol  # noqa: PLC0415

    stream = [
        *(union(name, getattr(protocol, name)) for name in ("View", "FromViewer", "ToViewer")),
        "",
        f'export const SUBPROTOCOL = "{protocol.SUBPROTOCOL}";',
        f"export const HEADER_BYTES = {protocol.HEADER.size};",
        f"export const DIGEST_BYTES = {protocol.DIGEST_BYTES};",
        f"export const MAX_SIDE = {protocol.MAX_SIDE};",
        f"export const MAX_POINTS = {protocol.MAX_POINTS};",
        f"export const MAX_CLIP_PLANES = {protocol.MAX_CLIP_PLANES};",
        "",
    ]
    return {
        ROOT / "viewer/src/stream/messages.ts": module("renderd/protocol.py", protocol, stream),
        ROOT / "viewer/src/api/messages.ts": module("api/messages.py", messages, []),
    }


def main() -> int:
    check = "--check" in sys.argv[1:]
    stale = [(path, text) for path, text in files().items() if not path.exists() or path.read_text("utf-8") != text]
    for path, text in stale:
        if check:
            sys.stderr.write(f"{path.relative_to(ROOT)} is out of date: run `make types`\n")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    return int(check and bool(stale))


if __name__ == "__main__":
    raise SystemExit(main())
