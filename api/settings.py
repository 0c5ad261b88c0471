"""What this process needs to know, from the environment that the supervisor gives it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from storage.database import DatabaseTarget
from storage.room import DEFAULT_RESERVE


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the rest of the house is and where to listen."""

    home: Path
    runtime: Path
    database: DatabaseTarget
    host: str = "127.0.0.1"
    port: int = 8765
    tls_cert: Path | None = None
    tls_key: Path | None = None
    lan: bool = False
    dicom_port: int = 11112
    ae_title: str = "FARVIEW"
    reserve_bytes: int = DEFAULT_RESERVE
    # Inherited sockets that already listen: a restart then refuses nobody, and a low port needs no root here.
    sockets: tuple[int, ...] = ()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read FARVIEW_*; docs/SETTINGS.md says what each means."""

        def path(name: str) -> Path | None:
            return Path(environment[name]) if environment.get(name) else None

        return cls(
            home=Path(environment["FARVIEW_HOME"]),
            runtime=Path(environment["FARVIEW_RUNTIME"]),
            database=DatabaseTarget(environment["FARVIEW_DATABASE_APPLICATION"]),
            host=environment.get("FARVIEW_HOST", "127.0.0.1"),
            port=int(environment.get("FARVIEW_PORT", "8765")),
            tls_cert=path("FARVIEW_TLS_CERT"),
            tls_key=path("FARVIEW_TLS_KEY"),
            lan=environment.get("FARVIEW_LAN", "0") == "1",
            dicom_port=int(environment.get("FARVIEW_DICOM_PORT", "11112")),
            ae_title=environment.get("FARVIEW_AE_TITLE", "FARVIEW"),
            reserve_bytes=int(environment.get("FARVIEW_DISK_RESERVE", DEFAULT_RESERVE)),
            sockets=tuple(int(part) for part in environment.get("FARVIEW_SOCKETS", "").split(",") if part),
        )
