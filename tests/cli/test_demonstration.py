"""The demonstration opens the patient's space: a provider stands beside the server, and the last lines say where and how."""

from __future__ import annotations

import httpx

from carnet.cli import demonstration
from carnet.cli.demonstration import running_professionals_provider, running_provider
from carnet.demo.stage import set_stage
from tests.free_ports import free_port


def test_the_identity_provider_that_the_settings_name_answers_while_the_demonstration_runs(tmp_path):
    stage = set_stage(tmp_path / "home", port=free_port(), provider=free_port(), professionals_provider=free_port())
    issuers = (stage.settings.oidc_issuer, stage.settings.pro_oidc_issuer)
    with running_provider(stage), running_professionals_provider(stage):
        found = [httpx.get(f"{one}/.well-known/openid-configuration", timeout=60).json()["issuer"] for one in issuers]
    assert tuple(found) == issuers
    said = demonstration._of_the_space(stage)
    assert "« identité numérique »" in said
    assert f"{stage.settings.space_origin}/pro is for professionals" in said
    assert (stage.home / "oidc.pem").stat().st_mode & 0o777 == 0o600


def test_without_the_provider_s_package_the_demonstration_says_that_nobody_signs_in(tmp_path, monkeypatch):
    monkeypatch.setattr(demonstration.importlib.util, "find_spec", lambda _name: None)
    assert not demonstration.can_provide()
    stage = set_stage(tmp_path / "home", port=free_port())
    with running_provider(stage):
        assert not (stage.home / "identity_provider.log").exists()
    assert "nobody signs in without the extra `demo`" in demonstration._of_the_space(stage)
