"""The shape of the whole: what the house plan promises of every route, act, file and function, read from the source itself.

Each check is a function over syntax trees that returns what is wrong; the controls at the end give it something wrong to find.
"""

from __future__ import annotations

import ast
import functools
import subprocess
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from carnet import errors
from carnet.config import Settings, load
from carnet.platform import build
from carnet.server.application import SoapEndpoint, application
from carnet.server.hooks_endpoint import HooksEndpoint
from carnet.soap.ebrim_render import EbrimRenderer
from carnet.soap.operations import BY_TRANSACTION

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "carnet"
Function = ast.FunctionDef | ast.AsyncFunctionDef


@functools.cache
def modules() -> dict[str, ast.Module]:
    """Every module of the package by its path below `carnet/`, migrations apart: they are written once and never changed."""
    paths = (path for path in sorted(PACKAGE.rglob("*.py")) if "versions" not in path.parts)
    return {str(path.relative_to(PACKAGE)): ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def found(check) -> list[str]:
    """What a check finds in the package, as `path:line`."""
    return [f"carnet/{path}:{line}" for path, tree in modules().items() for line in check(path, tree)]


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def dotted(node: ast.AST) -> str:
    """`a.b.c` of a name or attribute, '' for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, full name) of everything that is imported anywhere in a tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module or ''}.{alias.name}") for alias in node.names)


# --- every route names its authentication --------------------------------------------------------------------------

AUTHENTICATION = {
    "/si-dmp-server/v2/services/registry": "certificate and VIHF",
    "/si-dmp-server/v2/services/repository": "certificate and VIHF",
    "/si-dmp-server/v2/services/patients": "certificate and VIHF",
    "/si-dmp-server/v2/services/patientsPDQ": "certificate and VIHF",
    "/si-dmp-server/v2/services/patientsSpecific": "certificate and VIHF",
    "/si-dmp-server/v2/services/habilitations": "certificate and VIHF",
    "/cds-services": "none: says which services there are",
    "/cds-services/{service}": "certificate and VIHF",
    "/cds-services/{service}/feedback": "certificate",
    "/health/live": "none: says nothing of anybody",
    "/health/ready": "the operator's addresses: says nothing of anybody",
    "/metrics": "the operator's addresses: says nothing of anybody",
}


def is_hook(route):
    """Whether a route is a service of decision support, which asks who calls as the SOAP services do (tests/flows/test_decision_support.py)."""
    return route.methods == {"POST"} and isinstance(getattr(route.endpoint, "__self__", None), HooksEndpoint)


def test_every_route_has_a_known_authentication(home):
    platform = build(load(home, {}), EbrimRenderer())
    routes = {route.path: route for route in application(platform).routes}
    platform.close()
    assert routes.keys() == AUTHENTICATION.keys()
    for path, route in routes.items():
        behind_the_door = isinstance(route.endpoint, SoapEndpoint) or is_hook(route)
        assert behind_the_door == (AUTHENTICATION[path] in {"certificate and VIHF", "certificate"}), path
        assert behind_the_door or route.methods == {"GET", "HEAD"}, path


# --- every act is decided ------------------------------------------------------------------------------------------


def acts(tree: ast.AST) -> Iterator[tuple[Function, ast.Call]]:
    """Every construction of an Act, with the function that makes it."""
    for function in functions(tree):
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and dotted(node.func) == "Act":
                yield function, node


def right_of(act: ast.Call) -> ast.expr | None:
    named = {keyword.arg: keyword.value for keyword in act.keywords}
    right = act.args[2] if len(act.args) > 2 else named.get("function")
    return None if isinstance(right, ast.Constant) and right.value is None else right


def what_runs(act: ast.Call) -> str:
    """The name of the function that an act runs, `partial` taken off."""
    run = act.args[1]
    if isinstance(run, ast.Call) and dotted(run.func) == "partial":
        run = run.args[0]
    return dotted(run)


def asks(tree: ast.AST, name: str, seen: frozenset[str] = frozenset()) -> bool:
    """Whether a function of the module asks `scope.require`, itself or through others of the module."""
    if name in seen:
        return False
    for function in functions(tree):
        if function.name == name:
            called = [dotted(node.func) for node in ast.walk(function) if isinstance(node, ast.Call)]
            if "scope.require" in called or any(asks(tree, one, seen | {name}) for one in called):
                return True
    return False


def only_fails(maker: Function, name: str) -> bool:
    """Whether what an act runs, defined in its maker, does nothing but raise."""
    return any(
        function.name == name and all(isinstance(step, ast.Raise) for step in function.body)
        for function in functions(maker)
    )


def undecided(_path: str, tree: ast.AST) -> Iterator[int]:
    for maker, act in acts(tree):
        if right_of(act) is None and not asks(tree, what_runs(act)) and not only_fails(maker, what_runs(act)):
            yield act.lineno


NEVER_DONE = {"td1.5a", "td1.5b", "td1.5d"}
"""Transactions that are answered by a refusal in any case: barred before an act of theirs could begin."""


def test_every_act_is_decided_by_the_rules():
    assert found(undecided) == []
    made = [act for tree in modules().values() for _, act in acts(tree)]
    names = {act.args[0].value for act in made if isinstance(act.args[0], ast.Constant)}
    assert {name for name in names if not name.startswith("pro/")} == (set(BY_TRANSACTION) | {"td0.9"}) - NEVER_DONE


def test_acts_are_made_in_record_alone():
    assert {path.split("/")[0] for path, tree in modules().items() if list(acts(tree))} == {"record"}


# --- one parser, one verifier, one clock, one database -------------------------------------------------------------

LXML_PARSERS = frozenset(
    [
        "fromstring",
        "fromstringlist",
        "XML",
        "XMLID",
        "HTML",
        "parse",
        "parseid",
        "iterparse",
        "XMLParser",
        "XMLPullParser",
        "HTMLParser",
        "HTMLPullParser",
        "ETCompatXMLParser",
        "XSLT",
        "XInclude",
        "DTD",
        "XMLSchema",
        "RelaxNG",
        "Schematron",
    ]
)
STANDARD_PARSERS = ("xml.", "html.parser", "xmlrpc", "pyexpat")


def parses_by_itself(path: str, tree: ast.AST) -> Iterator[int]:
    if path == "hardened_xml.py":
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in LXML_PARSERS:
            origin = dotted(node.value).split(".")
            if {"etree", "lxml", "objectify", "html"} & set(origin):
                yield node.lineno
    for line, name in imported(tree):
        package, _, last = name.rpartition(".")
        if package.startswith("lxml.") and last in LXML_PARSERS:
            yield line
        if name.startswith(STANDARD_PARSERS) and not name.startswith("xml.sax.saxutils"):
            yield line


def test_xml_is_parsed_by_the_hardened_parser_alone():
    assert found(parses_by_itself) == []


VERIFIERS = {"carnet.crypto.signature_value.verify_value", "carnet.crypto.signature_value"}
"""What only the one place may call."""


def verifies_by_itself(path: str, tree: ast.AST) -> Iterator[int]:
    for line, name in imported(tree):
        if name.split(".")[0] in {"signxml", "xmlsec"} or (name in VERIFIERS and path != "crypto/xml_signature.py"):
            yield line


def test_xml_signatures_are_verified_in_one_place():
    assert found(verifies_by_itself) == []


CLOCKS = {"time.time", "time.time_ns", "datetime.now", "dt.datetime.now", "datetime.utcnow", "dt.datetime.utcnow"}
CLOCKS |= {"datetime.datetime.now", "datetime.datetime.utcnow", "dt.date.today", "date.today", "time.localtime"}


def reads_the_clock(path: str, tree: ast.AST) -> Iterator[int]:
    allowed = {"clock.py", "server/operation.py"}  # the second tells when a worker started, and decides nothing
    if path not in allowed:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and dotted(node.func) in CLOCKS:
                yield node.lineno


def test_the_clock_is_read_in_one_place():
    assert found(reads_the_clock) == []


MAY_SPEAK_TO_SQLITE = {"database/connection.py", "database/failures.py", "crypto/key_store.py", "cli/__init__.py"}


def speaks_to_sqlite(path: str, tree: ast.AST) -> Iterator[int]:
    if path not in MAY_SPEAK_TO_SQLITE:
        yield from (line for line, name in imported(tree) if name.split(".")[0] == "sqlite3")


def speaks_to_postgresql(path: str, tree: ast.AST) -> Iterator[int]:
    if not path.startswith("database/"):
        yield from (line for line, name in imported(tree) if name.split(".")[0] == "psycopg")


def test_sql_is_run_by_the_connection_alone():
    assert found(speaks_to_sqlite) == []
    assert found(speaks_to_postgresql) == []


# --- files and functions -------------------------------------------------------------------------------------------


def imports_late(_path: str, tree: ast.AST) -> Iterator[int]:
    for function in functions(tree):
        for line, name in imported(function):
            if name.split(".")[0] in {"carnet", ""}:
                yield line


def test_nothing_of_the_package_is_imported_inside_a_function():
    assert found(imports_late) == []


SHARED_NAMES = {
    # name of the file: where, and why the same name is the right one
    "vihf.py": {"client", "identity"},  # the two ends of one message
    "envelope.py": {"crypto", "soap"},  # envelope encryption, SOAP envelope: each the word of its field
    "facts.py": {"authorization", "record"},  # what the rules read, and from where
    "trail.py": {"audit", "cli"},  # a patient's trace, and the commands on it
    "documents.py": {"demo", "repository"},
    "__main__.py": {"", "witness"},  # what `python -m` runs
    "sign_in.py": {"record", "database/tables"},  # the acts of signing in, and the tables that keep them
    "lifecycle.py": {"consent", "database/tables"},  # what happens to a record, and the tables that keep it
    "caller.py": {"client", "portal/professional"},  # who calls, as the client builds it and as a page knows it
}


def test_no_file_name_occurs_twice_but_those_listed():
    rooms: dict[str, set[str]] = {}
    for path in modules():
        room, _, name = path.rpartition("/")
        rooms.setdefault(name, set()).add(room)
    twice = {name: found_in for name, found_in in rooms.items() if len(found_in) > 1 and name != "__init__.py"}
    assert twice == SHARED_NAMES


def test_no_module_is_a_drawer():
    drawers = {"utils", "util", "common", "helpers", "helper", "misc", "tools", "base", "core", "shared"}
    assert not [path for path in modules() if drawers & set(Path(path).with_suffix("").parts)]


def too_long(path: str, tree: ast.AST) -> Iterator[int]:
    if len((PACKAGE / path).read_text(encoding="utf-8").splitlines()) > 500:
        yield 1
    yield from long_functions(tree)


def long_functions(tree: ast.AST) -> Iterator[int]:
    for function in functions(tree):
        assert function.end_lineno is not None
        if function.end_lineno - function.lineno + 1 > 60:
            yield function.lineno


def test_no_file_is_over_five_hundred_lines_and_no_function_over_sixty():
    assert found(too_long) == []


def test_every_module_says_what_it_is():
    assert not [path for path, tree in modules().items() if tree.body and not ast.get_docstring(tree)]


# --- nothing is left over ------------------------------------------------------------------------------------------


def names_used(tree: ast.AST) -> set[str]:
    return {dotted(node).rpartition(".")[2] for node in ast.walk(tree) if isinstance(node, ast.Name | ast.Attribute)}


def test_every_error_is_raised_or_caught_somewhere():
    apart = {"errors.py", "soap/faults.py"}  # the family itself, and the table that has a row for each
    used = set().union(*(names_used(tree) for path, tree in modules().items() if path not in apart))
    family = {name for name, one in vars(errors).items() if isinstance(one, type) and issubclass(one, Exception)}
    assert family - used == set()


def test_every_setting_is_read_somewhere():
    used = set().union(
        *(
            names_used(tree)
            for path, tree in modules().items()
            if path not in {"config.py", "settings.py", "setting_faults.py"}
        )
    )
    paths = {
        node.args[0].value
        for tree in modules().values()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and dotted(node.func).endswith(".path") and node.args
        if isinstance(node.args[0], ast.Constant)
    }
    assert {item.name for item in fields(Settings)} - used - paths - {"clients"} == set()


# --- what no file may say ------------------------------------------------------------------------------------------

FORBIDDEN = ("/wo" + "rk/", "/tmp/" + "probe", "pypi" + ".org", "files.python" + "hosted")


def tracked() -> list[Path]:
    """Every file that is, or would be, in the repository."""
    if not (ROOT / ".git").exists():
        pytest.skip("git lists what would be committed, and this copy has no .git")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    paths = (ROOT / name for name in listed.stdout.decode().split("\0") if name)
    return [path for path in paths if path.is_file()]


def test_no_file_names_a_machine_path_or_a_registry_host():
    wrong = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in tracked()
        for word in FORBIDDEN
        if word.encode() in path.read_bytes()
    ]
    assert wrong == []


def test_no_key_and_no_database_is_in_the_repository():
    kinds = {".key", ".db", ".seg", ".p12", ".pfx"}
    assert not [path.name for path in tracked() if path.suffix in kinds or path.name.startswith(".env")]


# --- controls: each check finds what it looks for ------------------------------------------------------------------

WRONG = {
    undecided: [
        "def f():\n    return Act('x', partial(_run))\ndef _run(scope):\n    return scope.connection",
        "def f():\n    return Act('x', _run, None)\ndef _run(scope):\n    return _more(scope)\ndef _more(scope): pass",
        "def f():\n    def run(scope):\n        read(scope)\n        raise error\n    return Act('x', run)",
    ],
    parses_by_itself: [
        "from lxml import etree\nroot = etree.fromstring(data)",
        "from lxml import etree\nparser = etree.XMLParser(resolve_entities=False)",
        "import lxml.etree\nlxml.etree.parse(file)",
        "from lxml.etree import iterparse",
        "from xml.etree import ElementTree",
        "import xml.dom.minidom",
    ],
    verifies_by_itself: [
        *("import signxml", "from signxml import XMLVerifier", "import xmlsec"),
        "from carnet.crypto.signature_value import verify_value",
    ],
    reads_the_clock: ["import time\nnow = time.time()", "now = dt.datetime.now(dt.UTC)"],
    speaks_to_sqlite: ["import sqlite3", "from sqlite3 import connect"],
    speaks_to_postgresql: ["import psycopg", "from psycopg.rows import TupleRow"],
    imports_late: ["def f():\n    from carnet.errors import Refused", "def f():\n    from . import errors"],
}
RIGHT = {
    undecided: [
        "def f():\n    return Act('x', partial(_run), Function.SEARCH)",
        "def f():\n    return Act('x', _run)\ndef _run(scope):\n    _decide(scope)\ndef _decide(scope):\n    scope.require(R)",
        "def f():\n    def run(_scope):\n        raise error\n    return Act('x', run)",
    ],
    parses_by_itself: [
        "from carnet import hardened_xml\nhardened_xml.parse(data)",
        "from lxml import etree\netree.tostring(x)",
    ],
    verifies_by_itself: ["from carnet.crypto.xml_signature import verify_enveloped"],
    reads_the_clock: ["import time\nend = time.monotonic()", "now = platform.clock()"],
    speaks_to_sqlite: ["from sqlalchemy.dialects.sqlite import insert"],
    speaks_to_postgresql: ["from sqlalchemy.dialects.postgresql import insert"],
    imports_late: ["from carnet.errors import Refused\ndef f():\n    import json"],
}


@pytest.mark.parametrize("check", WRONG, ids=lambda check: check.__name__)
def test_control_each_check_finds_what_it_looks_for(check):
    for source in WRONG[check]:
        assert list(check("soap/somewhere.py", ast.parse(source))), source
    for source in RIGHT[check]:
        assert not list(check("soap/somewhere.py", ast.parse(source))), source


def test_control_a_long_function_is_found():
    body = "    x = 1\n" * 59
    assert not list(long_functions(ast.parse("def f():\n" + body)))
    assert list(long_functions(ast.parse("def f():\n" + body + "    x = 1\n")))
