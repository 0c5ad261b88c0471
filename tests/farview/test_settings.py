"""docs/SETTINGS.md and farview/settings.py say the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from farview import settings
from farview.errors import SettingRefused
from farview.settings import Settings, read
from storage.database import DatabaseTarget

DOCUMENT = Path(__file__).resolve().parents[2] / "docs/SETTINGS.md"
TARGET = DatabaseTarget("postgresql:///application", "postgresql:///owner")


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"FARVIEW_{name.upper()}", raising=False)


def rows() -> dict[str, list[str]]:
    lines = re.findall(r"^\| `FARVIEW_(\w+)` \|(.*)\|$", DOCUMENT.read_text("utf-8"), re.MULTILINE)
    return {name.lower(): [cell.strip() for cell in cells.split("|")] for name, cells in lines}


def test_every_setting_is_documented_and_nothing_else_is() -> None:
    assert set(rows()) == set(Settings.model_fields)


def test_documented_defaults_are_the_code_s() -> None:
    for name, field in Settings.model_fields.items():
        if field.default not in (None, "", PydanticUndefined):
            said = rows()[name][1].strip("`")
            assert said == str(field.default).lower() or said == str(field.default), name


def test_documented_options_are_the_command_s() -> None:
    command = (DOCUMENT.parents[1] / "farview/command.py").read_text("utf-8")
    documented = {rows()[name][0].strip("`") for name in rows()} - {""}
    assert documented == set(re.findall(r'"(--[\w-]+)"', command))


def test_every_variable_a_child_is_told_is_documented() -> None:
    told = Settings(home=Path("/h")).environment(Path("/r"), TARGET)
    words = set(re.findall(r"FARVIEW_\w+", DOCUMENT.read_text("utf-8")))
    assert set(told) <= words


def test_the_environment_and_the_command_line_are_read_in_this_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARVIEW_PORT", "9000")
    monkeypatch.setenv("FARVIEW_LAN", "1")
    assert (read().port, read().lan) == (9000, True)
    assert read(port=9001).port == 9001
    assert read(port=None).port == 9000


def test_a_wrong_value_is_a_sentence_that_does_not_repeat_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARVIEW_LANGUAGE", "en")
    monkeypatch.setenv("FARVIEW_PORT", "secret-99")
    with pytest.raises(SettingRefused) as refused:
        read()
    assert "FARVIEW_PORT" in str(refused.value) and "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("options", "address", "dicom"),
    [
        ({}, "127.0.0.1", "127.0.0.1"),
        ({"lan": True}, "0.0.0.0", "0.0.0.0"),
        ({"tls_cert": Path("c"), "tls_key": Path("k")}, "0.0.0.0", "127.0.0.1"),
        ({"host": "192.0.2.7", "lan": True}, "192.0.2.7", "192.0.2.7"),
    ],
)
def test_only_the_network_that_was_asked_for_is_listened_on(
    options: dict[str, object], address: str, dicom: str
) -> None:
    settings = read(**options)
    settings.check()
    assert (settings.address, settings.dicom_address) == (address, dicom)


@pytest.mark.parametrize(
    "options",
    [
        {"host": "0.0.0.0"},
        {"host": "pacs.example"},
        {"tls_cert": Path("c")},
        {"tls_key": Path("k")},
        {"port": 8000, "dicom_port": 8000},
    ],
)
def test_settings_that_do_not_go_together_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(SettingRefused):
        read(**options).check()


def test_volumes_get_a_third_of_the_memory_that_we_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "memory_bytes", lambda: 12 << 30)
    assert read().volume_bytes == 4 << 30
    assert read().environment(Path("/r"), TARGET)["FARVIEW_VOLUME_BYTES"] == str(4 << 30)
    monkeypatch.setattr(settings, "memory_bytes", lambda: 3 << 29)
    assert read().volume_bytes == 1 << 29, "a small container keeps two thirds for everything else"


def test_secrets_do_not_show_and_are_not_handed_to_children() -> None:
    settings = Settings(admin_password=SecretStr("Secret-pw-1"), database_url=SecretStr("postgresql://u:pw@h/d"))
    assert "Secret-pw-1" not in repr(settings) and "u:pw" not in repr(settings)
    assert "Secret-pw-1" not in str(settings.environment(Path("/r"), TARGET))


def test_no_child_is_told_how_to_migrate() -> None:
    told = Settings(home=Path("/h")).environment(Path("/r"), TARGET)
    assert TARGET.application in told.values() and TARGET.owner not in told.values()
