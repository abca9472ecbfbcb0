from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from carnet.config import Settings, load
from carnet.errors import ConfigurationError

ROOT = Path(__file__).parents[1]


def test_every_setting_is_documented_with_its_default() -> None:
    text = (ROOT / "docs" / "operate" / "settings.md").read_text(encoding="utf-8")
    documented = dict(re.findall(r"^\| `(\w+)` \| (?:`([^`]*)`|none) \|", text, re.MULTILINE))
    defaults = {
        item.name: "" if item.default == () else str(item.default).lower() if item.type == "bool" else str(item.default)
        for item in fields(Settings)
        if item.name != "home"
    }
    assert documented == defaults


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "carnet.toml").write_text('port = 1\nhost = "::1"\n', encoding="utf-8")
    settings = load(tmp_path, {"CARNET_PORT": "2", "CARNET_DECLARED_PROXIES": "127.0.0.1,10.0.0.0/8"})
    assert (settings.port, settings.host, settings.declared_proxies) == (2, "::1", ("127.0.0.1", "10.0.0.0/8"))


@pytest.mark.parametrize(
    ("content", "environ", "said"),
    [
        ("prot = 1\n", {}, "prot"),
        ('port = "high"\n', {}, "port"),
        ("", {"CARNET_PROT": "1"}, "CARNET_PROT"),
        ('environment = "production"\n', {}, "test_identities"),
        ("tls_enabled = false\n", {}, "declared_proxies"),
        ('vihf_profile = "xua-strict"\n', {}, "vihf_audience"),
        ("vihf_maximum_age = 5000\n", {}, "vihf_maximum_age"),
        ("candidate_searches_hour = -1\n", {}, "candidate_searches_hour"),
        ("new_records_requester_hour = -1\n", {}, "new_records_requester_hour"),
        ("new_records_structure_hour = -1\n", {}, "new_records_structure_hour"),
        ("home = 'x'\n", {}, "home"),
        ("[x\n", {}, "carnet.toml"),
        ('[[clients]]\nstructure = "1"\nprofile = "lax"\n', {}, "profile"),
        ('[[clients]]\nstructure = "1"\nsha1_until = "31/12/2027"\n', {}, "YYYY-MM-DD"),
        ('[[clients]]\nstructure = "1"\nsha1_until = "20271231"\n', {}, "YYYY-MM-DD"),
    ],
)
def test_a_wrong_setting_stops_the_start_and_is_named(
    tmp_path: Path, content: str, environ: dict[str, str], said: str
) -> None:
    (tmp_path / "carnet.toml").write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=said):
        load(tmp_path, environ)


def test_what_is_opened_for_one_client_is_not_opened_for_another(tmp_path: Path) -> None:
    (tmp_path / "carnet.toml").write_text('[[clients]]\nstructure = "1"\nsha1_until = "2027-01-01"\n', encoding="utf-8")
    settings = load(tmp_path, {})
    assert settings.client_policy("1").sha1_until == "2027-01-01"
    assert settings.client_policy("2").sha1_until == ""


@pytest.mark.parametrize("territory", ["80", "80=", "=2027-01-01", "80=2027-13-01", "80=demain", "80=20270101"])
def test_a_pilot_territory_is_a_code_and_a_day(tmp_path, territory):
    with pytest.raises(ConfigurationError, match="pilot_territories"):
        load(tmp_path, {"CARNET_PILOT_TERRITORIES": territory})


def test_a_destruction_may_not_wait_past_its_limit(tmp_path):
    with pytest.raises(ConfigurationError, match="three months"):
        load(tmp_path, {"CARNET_DESTRUCTION_WAIT_DAYS": "81"})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("emergency_window_minutes = 0\n", "emergency_window_minutes"),
        ("emergency_window_minutes = 1441\n", "emergency_window_minutes"),
        ('operator_identities = ["alice"]\n', "operator_identities"),
        ('operator_identities = ["alice="]\n', "operator_identities"),
        ('smtp_security = "ssl"\n', "smtp_security"),
        ('smtp_host = "mail.example"\n', "notice_sender"),
        ('smtp_user = "carnet"\nsmtp_security = "none"\n', "smtp_user"),
        ('environment = "production"\ntest_identities = false\nsmtp_host = "m"\nsmtp_security = "none"\n', "in clear"),
        ("notice_claim_seconds = 400\n", "notice_claim_seconds"),
    ],
)
def test_what_emergencies_and_notices_cannot_run_on_stops_the_start(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "carnet.toml").write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=said):
        load(tmp_path, {})
