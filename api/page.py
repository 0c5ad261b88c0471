"""The viewer's files: read once, sent from memory, compressed by the build."""

from __future__ import annotations

import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

STATIC = Path(__file__).parent / "static"
INDEX = "index.html"
TYPES = {".js": "text/javascript", ".webmanifest": "application/manifest+json", ".wasm": "application/wasm"}


@dataclass(frozen=True, slots=True)
class File:
    """One file, with its compressed form where the build made one."""

    content_type: str
    body: bytes
    gzipped: bytes | None
    etag: str
    hashed: bool  # its name changes with its content

    def headers(self) -> dict[str, str]:
        lasting = "public, max-age=31536000, immutable"
        return {
            "Content-Type": self.content_type,
            "Cache-Control": lasting if self.hashed else "no-cache",
            "ETag": self.etag,
            "Vary": "Accept-Encoding",
        }


class Page:
    """All files below one folder by their path. Only what was there at the start can be asked for."""

    def __init__(self, folder: Path = STATIC) -> None:
        self._files = {
            path.relative_to(folder).as_posix(): _read(path, folder)
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.suffix != ".gz"
        }

    @property
    def built(self) -> bool:
        return INDEX in self._files

    def find(self, path: str) -> File | None:
        """The file with this path below the folder; the empty path is the page itself."""
        return self._files.get(path or INDEX)


def _read(path: Path, folder: Path) -> File:
    body = path.read_bytes()
    gzipped = path.with_name(f"{path.name}.gz")
    guessed = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    text = guessed.startswith("text/") or path.suffix == ".svg"
    return File(
        content_type=f"{guessed}; charset=utf-8" if text else guessed,
        body=body,
        gzipped=gzipped.read_bytes() if gzipped.is_file() else None,
        etag=f'"{hashlib.sha256(body).hexdigest()[:16]}"',
        # Vite puts what it names by content into assets/.
        hashed=path.relative_to(folder).parts[0] == "assets",
    )
