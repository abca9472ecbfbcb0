"""Mutants of the rules: a module's syntax tree with one thing wrong in it, made and loaded in memory, and never imported by anything else."""

from __future__ import annotations

import ast
import copy
import importlib
import itertools
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGE = "carnet.authorization"
CHAIN = ("roles", "functional_rights", "needs", "rules", "engine", "patient_side")
"""The modules that decide, in the order in which they import each other; those that only hold data are taken as they are."""

COMPARISONS = {
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
    ast.LtE: [ast.Lt, ast.GtE],
    ast.Lt: [ast.LtE],
    ast.GtE: [ast.LtE],
    ast.Gt: [ast.Lt],
}
RULE_TABLES = {"RULES", "PATIENT_RULES"}
BOOLEAN = (ast.Compare, ast.BoolOp, ast.UnaryOp)


@dataclass(frozen=True)
class Mutant:
    """One change: the module, where, what, and the changed tree."""

    module: str
    line: int
    what: str
    tree: ast.Module

    def __str__(self) -> str:
        return f"{self.module}: {self.what}"


def mutants() -> Iterator[Mutant]:
    """Every mutant of every module of the chain. Each is a tree of its own in the one statement of the module that holds what is wrong."""
    for name in CHAIN:
        source = Path(importlib.import_module(f"{PACKAGE}.{name}").__file__ or "").read_text(encoding="utf-8")
        tree = ast.parse(source)
        apart = {id(part) for one in ast.walk(tree) for part in _never_wrong(one)}
        for place, statement in enumerate(tree.body):
            for number, node in enumerate(ast.walk(statement)):
                if id(node) in apart:
                    continue
                for position, (what, _) in enumerate(changes(node)):
                    changed = copy.deepcopy(statement)
                    twin = next(itertools.islice(ast.walk(changed), number, None))
                    list(changes(twin))[position][1]()
                    module = ast.Module([*tree.body], tree.type_ignores)
                    module.body[place] = ast.fix_missing_locations(changed)
                    yield Mutant(name, getattr(node, "lineno", 0), f"{_place(statement, node)} {what}", module)


Change = tuple[str, Callable[[], object]]


def changes(node: ast.AST) -> Iterator[Change]:
    """What can be made wrong in one node: a name for it, and what does it to the node."""
    for kind, of_kind in CHANGES:
        if isinstance(node, kind):
            yield from of_kind(node)


def _of_return(node: ast.Return) -> Iterator[Change]:
    if isinstance(node.value, BOOLEAN):
        yield f"return not ({ast.unparse(node.value)})", lambda: _set(node, value=ast.UnaryOp(ast.Not(), node.value))


def _of_compare(node: ast.Compare) -> Iterator[Change]:
    if len(node.ops) == 1:
        for other in COMPARISONS.get(type(node.ops[0]), []):
            yield f"{ast.unparse(node)} with {other.__name__}", lambda other=other: _set(node, ops=[other()])


def _of_bool_op(node: ast.BoolOp) -> Iterator[Change]:
    other = ast.Or if isinstance(node.op, ast.And) else ast.And
    yield f"{ast.unparse(node)} with {other.__name__}", lambda: _set(node, op=other())
    for place, part in enumerate(node.values):
        yield f"{ast.unparse(node)} without {ast.unparse(part)}", lambda place=place: _drop(node, place)


def _of_not(node: ast.UnaryOp) -> Iterator[Change]:
    if isinstance(node.op, ast.Not):
        yield f"{ast.unparse(node)} without not", lambda: _set(node, op=ast.UAdd(), operand=_truth(node.operand))


def _of_if(node: ast.If) -> Iterator[Change]:
    yield f"if {ast.unparse(node.test)} never", lambda: _set(node, test=ast.Constant(value=False))
    yield f"if {ast.unparse(node.test)} always", lambda: _set(node, test=ast.Constant(value=True))


def _of_constant(node: ast.Constant) -> Iterator[Change]:
    if isinstance(node.value, bool):
        yield f"{node.value} turned", lambda: _set(node, value=not node.value)


def _of_table(node: ast.AnnAssign) -> Iterator[Change]:
    if getattr(node.target, "id", "") in RULE_TABLES:
        for place, rule in enumerate(node.value.elts):
            yield f"without rule {rule.args[0].value}", lambda place=place: node.value.elts.pop(place)


def _of_call(node: ast.Call) -> Iterator[Change]:
    if getattr(node.func, "id", "") == "frozenset" and node.args:
        for place, part in enumerate(getattr(node.args[0], "elts", [])):
            yield f"frozenset without {ast.unparse(part)}", lambda place=place: node.args[0].elts.pop(place)


CHANGES = (
    (ast.Return, _of_return),
    (ast.Compare, _of_compare),
    (ast.BoolOp, _of_bool_op),
    (ast.UnaryOp, _of_not),
    (ast.If, _of_if),
    (ast.Constant, _of_constant),
    (ast.AnnAssign, _of_table),
    (ast.Call, _of_call),
)


def _never_wrong(node: ast.AST) -> Iterator[ast.AST]:
    """What says how the code is kept, not what it decides: decorators (frozen, slots) and the `strict` of zip."""
    for decorator in getattr(node, "decorator_list", []):
        yield from ast.walk(decorator)
    if isinstance(node, ast.keyword) and node.arg == "strict":
        yield node.value


def _set(node: ast.AST, **values: object) -> None:
    for name, value in values.items():
        setattr(node, name, value)


def _drop(node: ast.BoolOp, place: int) -> None:
    node.values.pop(place)
    if len(node.values) == 1:
        node.values.append(ast.Constant(value=isinstance(node.op, ast.And)))


def _truth(node: ast.expr) -> ast.expr:
    return ast.Call(ast.Name("bool", ast.Load()), [node], [])


def _place(statement: ast.stmt, node: ast.AST) -> str:
    """The function or class around a node, '' at the top of the module."""
    line = getattr(node, "lineno", 0)
    around = [
        one.name
        for one in ast.walk(statement)
        if isinstance(one, ast.FunctionDef | ast.ClassDef) and one.lineno <= line <= (one.end_lineno or 0)
    ]
    return ".".join(around)


def load(mutant: Mutant | None) -> dict[str, types.ModuleType]:
    """The chain with one module changed (or none), as modules of their own; what was imported before stays as it was.

    Modules before the changed one do not know it: they are those that were imported. Raises whatever the mutant raises while it is loaded: such a one is
    no rule at all.
    """
    names = [f"{PACKAGE}.{name}" for name in CHAIN]
    kept = {name: importlib.import_module(name) for name in names}
    first = 0 if mutant is None else CHAIN.index(mutant.module)
    package = sys.modules[PACKAGE]
    try:
        for name in names[first:]:
            del sys.modules[name]
        for short, name in zip(CHAIN[first:], names[first:], strict=True):
            if mutant is not None and mutant.module == short:
                module = types.ModuleType(name)
                sys.modules[name] = module
                exec(compile(mutant.tree, f"<mutant of {short}>", "exec"), module.__dict__)
            else:
                importlib.import_module(name)
        return {short: sys.modules[name] for short, name in zip(CHAIN, names, strict=True)}
    finally:
        sys.modules.update(kept)
        for short, name in zip(CHAIN, names, strict=True):
            setattr(package, short, kept[name])
