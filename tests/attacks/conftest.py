"""The attack suite on the VIHF as data: `bad_assertions(world)` and `good_assertions(world)`, for any door that takes them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from carnet.clock import system_clock

sys.path.insert(0, str(Path(__file__).parent))

import vihf_attacks_certificate
import vihf_attacks_meaning
import vihf_attacks_message
import vihf_attacks_signature
import vihf_forge
import vihf_good

TABLES = (vihf_attacks_signature, vihf_attacks_message, vihf_attacks_certificate, vihf_attacks_meaning, vihf_good)


def pytest_generate_tests(metafunc):
    """A test that takes `attack` or `variant` runs once for each name in the tables."""
    for argument, table in (("attack", vihf_forge.ATTACKS), ("variant", vihf_forge.GOOD)):
        if argument in metafunc.fixturenames:
            metafunc.parametrize(argument, sorted(table))


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """The test PKI, its people, and the rules of a server that trusts it, now."""
    return vihf_forge.make_world(tmp_path_factory.mktemp("pki"), system_clock())


@pytest.fixture(scope="session")
def bad_assertions():
    """`bad_assertions(world)`: list of (name, SOAP message, client certificate in DER or None), none of which may be let in."""
    return lambda world: [(name, *build(world)) for name, build in sorted(vihf_forge.ATTACKS.items())]


@pytest.fixture(scope="session")
def good_assertions():
    """`good_assertions(world)`: list of (name, SOAP message, client certificate, what the Requester must say)."""
    return lambda world: [(name, *build(world)) for name, build in sorted(vihf_forge.GOOD.items())]


@pytest.fixture(scope="session")
def messages(world, bad_assertions):
    """Every bad message by its name, made once."""
    return {name: (data, certificate) for name, data, certificate in bad_assertions(world)}
