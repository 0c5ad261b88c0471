"""The settings, from FARVIEW_* and the command line. docs/SETTINGS.md describes each; a test compares the two."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from farview.errors import SettingRefused
from farview.memory import memory_bytes
from storage.database import DatabaseTarget
from storage.home import default_home
from storage.room import DEFAULT_RESERVE

LOOPBACK = "127.0.0.1"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - only with --lan or TLS
LEAST_VOLUME_BYTES = 1 << 28  # a chest CT, and what is made of it


def third_of_memory() -> int:
    """A third of the memory that we may use: volumes, beside the database, the encoders and the file cache."""
    return max(memory_bytes() // 3, LEAST_VOLUME_BYTES)


class Settings(BaseSettings):
    """What a person may decide. An option of the command line goes before the environment."""

    model_config = SettingsConfigDict(env_prefix="FARVIEW_", frozen=True, extra="ignore", env_ignore_empty=True)

    home: Path = Field(default_factory=default_home)
    runtime: Path | None = None
    host: str = ""
    port: int = Field(default=8765, ge=1, le=65535)
    lan: bool = False
    tls_cert: Path | None = None
    tls_key: Path | None = None
    dicom_port: int = Field(default=11112, ge=1, le=65535)
    ae_title: str = Field(default="FARVIEW", min_length=1, max_length=16, pattern=r"^[ -\[\]-~]+$")
    institution: str = Field(default="Hospital", min_length=1)
    database_url: SecretStr | None = None
    admin_password: SecretStr | None = None
    volume_bytes: int = Field(default_factory=third_of_memory, ge=LEAST_VOLUME_BYTES)
    disk_reserve: int = Field(default=DEFAULT_RESERVE, ge=0)
    gpu: Literal["auto", "off"] = "auto"
    demo: bool = False
    language: str = ""

    @property
    def encrypted(self) -> bool:
        return self.tls_cert is not None

    @property
    def address(self) -> str:
        """Where to listen: everywhere only when it is encrypted, or the local network was asked for."""
        return self.host or (EVERYWHERE if self.encrypted or self.lan else LOOPBACK)

    @property
    def everywhere(self) -> bool:
        """Whether other machines may connect."""
        return self.address in (EVERYWHERE, "::")

    @property
    def dicom_address(self) -> str:
        """DICOM has no sign-in and no encryption: other machines reach it only with --lan."""
        return (self.host or EVERYWHERE) if self.lan else LOOPBACK

    def check(self) -> None:
        """Raise SettingRefused when settings do not go together."""
        if (self.tls_cert is None) != (self.tls_key is None):
            raise SettingRefused("tls_needs_both")
        if not (self.encrypted or self.lan or is_loopback(self.address)):
            raise SettingRefused("plain_host", host=self.address)
        if self.port == self.dicom_port:
            raise SettingRefused("same_port", port=self.port)

    def environment(self, runtime: Path, database: DatabaseTarget) -> dict[str, str]:
        """What the child processes are told. None of them migrates, so none is told how to."""
        told = {
            "FARVIEW_HOME": self.home,
            "FARVIEW_RUNTIME": runtime,
            "FARVIEW_DATABASE_APPLICATION": database.application,
            "FARVIEW_HOST": self.address,
            "FARVIEW_PORT": self.port,
            "FARVIEW_TLS_CERT": self.tls_cert or "",
            "FARVIEW_TLS_KEY": self.tls_key or "",
            "FARVIEW_LAN": int(self.lan),
            "FARVIEW_DICOM_PORT": self.dicom_port,
            "FARVIEW_AE_TITLE": self.ae_title,
            "FARVIEW_INSTITUTION": self.institution,
            "FARVIEW_VOLUME_BYTES": self.volume_bytes,
            "FARVIEW_DISK_RESERVE": self.disk_reserve,
            "FARVIEW_GPU": self.gpu,
        }
        return {name: str(value) for name, value in told.items()}


def read(**options: object) -> Settings:
    """The settings with these options of the command line, None where none was given; SettingRefused when wrong."""
    try:
        settings = Settings(**{name: value for name, value in options.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        # The value stays unsaid: it may be a password.
        raise SettingRefused(
            "setting_wrong", name=f"FARVIEW_{str(first['loc'][0]).upper()}", why=first["msg"]
        ) from error
    return settings.model_copy(update={"home": settings.home.expanduser().absolute()})


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
