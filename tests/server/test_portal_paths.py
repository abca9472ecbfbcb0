"""The professional's pages answer at their own paths, and only there; a record that is open in an emergency goes first."""

from __future__ import annotations

import pytest

from carnet.server.space_turns import PRO, Lines, claims_urgency


@pytest.mark.parametrize("path", ["/pro", "/pro/connexion", "/pro/patients/x", "/AccesDirect/TableauDeBord", "/pro/no"])
def test_the_professionals_pages_answer_at_their_paths(serve, path):
    heard = serve().get(path, peer="192.0.2.1")
    assert b'class="pro"' in heard.body or heard.headers.get(b"location", b"").startswith(b"/pro/connexion")
    assert b"default-src 'none'" in heard.headers[b"content-security-policy"]


@pytest.mark.parametrize("path", ["/", "/aide", "/professionnel", "/AccesDirectement", "/prox/connexion", "/PRO"])
def test_every_other_path_is_the_patients_space(serve, path):
    assert b'class="pro"' not in serve().get(path, peer="192.0.2.1").body


def test_pages_are_counted_apart(serve):
    served = serve()
    served.get("/pro/connexion", peer="192.0.2.1")
    text = served.get("/metrics").body.decode()
    assert 'carnet_requests_total{outcome="success",transaction="pro"} 1.0' in text
    assert 'transaction="space"' not in text


@pytest.mark.parametrize(
    ("path", "body", "urgent"),
    [
        ("/pro/patients/abc/entree", b"mode=bris_de_glace&raison=x", True),
        ("/pro/patients/abc/entree", b"mode=centre_15&raison=x", True),
        ("/pro/patients/abc/entree", b"mode=normal", False),
        ("/pro/patients/abc/deposer", b"titre=bris_de_glace", False),
        ("/pro/entree", b"mode=bris_de_glace", False),
    ],
)
def test_breaking_the_glass_claims_to_be_urgent(path, body, urgent):
    assert claims_urgency({"method": "POST", "path": path}, body) is urgent


def test_pages_of_a_record_in_an_emergency_go_first_once_a_professional_was_shown_one(caller):
    lines = Lines(lambda _scope: "192.0.2.1", PRO)
    page = {"path": "/pro/patients/abc/documents", "headers": [(b"cookie", b"x=1")]}
    lines.learn({**page, "state": {"person": None, "emergency": "abc"}})
    assert not lines.in_emergency(page)
    lines.learn({**page, "state": {"person": caller, "emergency": "abc"}})
    assert lines.in_emergency(page)
    assert not lines.in_emergency({"path": "/pro/patients/other/documents"})
    assert lines.person(page).startswith(b"pro|")
