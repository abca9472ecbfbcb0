"""Every action name that the package can write into a trace, found by following the names of functions from where a line is made.

A function writes an action when one of its parameters becomes the `action` of a line, whole or behind a family (`patient/{name}`), in its own
body or through a function that does so. Where such a function is called, what stands at that place is read: letters, a condition, a constant
of a module, or a text with holes, which comes out as `*`.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

MAKERS = {"AuditEvent": "action"}
"""Where a line is made, and the field that names the act."""
CALLED = frozenset({"name", "action"})
"""What a parameter is called that names an act."""
AROUND = re.compile(r"(?:[a-z]+/)?(?:[a-z]+-)?\{\}")
ACT = re.compile(r"(?:[a-z0-9*]+/)?[a-z0-9*][a-z0-9.*_-]*")


ROOMS = frozenset({"audit", "record", "soap", "fhir", "feeds"})
"""Where acts are named; elsewhere a function of the same name is another."""


class Package:
    """The functions and constants of a package, and which places of which functions are actions."""

    def __init__(self, folder: Path) -> None:
        self.trees = [
            ast.parse(path.read_text(encoding="utf-8"))
            for path in sorted(folder.rglob("*.py"))
            if path.parent.name in ROOMS
        ]
        self.constants: dict[str, set[str]] = defaultdict(set)
        self.functions: list[tuple[ast.AST, str, list[str]]] = []
        self.places: dict[str, set[tuple[int, str, str]]] = defaultdict(set)
        """Name of a function: the place and name of a parameter, and the text around it, with `{}` for it."""
        self.here: dict[str, set[str]] = {}
        self.own: dict[int, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        """The constants of each module, which are meant there rather than those of the same name elsewhere."""
        for tree in self.trees:
            self._read(tree)
        self.module = {id(node): id(tree) for tree in self.trees for node in ast.walk(tree)}
        self.calls = [node for tree in self.trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
        news = True
        while news:
            news = sum(self._follow(*one) for one in self.functions) > 0

    def _read(self, tree: ast.Module) -> None:
        for node in ast.walk(tree):
            targets = node.targets if isinstance(node, ast.Assign) else []
            if targets and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
                for target in targets:
                    if isinstance(target, ast.Name):
                        self.constants[target.id].add(node.value.value)
                        self.own[id(tree)][target.id].add(node.value.value)
            if isinstance(node, ast.ClassDef):
                self._fields(node)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                names = [one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
                self.functions.append((node, node.name, [one for one in names if one not in {"self", "cls"}]))

    def _fields(self, made: ast.ClassDef) -> None:
        """A dataclass whose field is called `action` or `act_name` may be a line that is made later."""
        fields = [
            one.target.id for one in made.body if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
        ]
        if made.name in MAKERS:
            self.places[made.name].add((fields.index(MAKERS[made.name]), MAKERS[made.name], "{}"))
        elif made.name == "Act":
            self.places[made.name].add((0, fields[0], "{}"))

    def _follow(self, body: ast.AST, name: str, parameters: list[str]) -> bool:
        """Whether anything new is known of a function."""
        found = {
            (parameters.index(inner), inner, around)
            for node in ast.walk(body)
            if isinstance(node, ast.Call)
            for value, outer in self._given(node)
            for inner, around in self._parameters(value, parameters, outer)
            if inner in CALLED and AROUND.fullmatch(around)
        }
        new = found - self.places[name]
        self.places[name] |= found
        return bool(new)

    def _given(self, call: ast.Call):
        """What stands at the places of a call that are actions, with the text around it."""
        function = call.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        arguments = list(call.args)
        if name == "partial" and arguments:
            first, *arguments = arguments
            name = first.attr if isinstance(first, ast.Attribute) else getattr(first, "id", "")
        for place, parameter, around in self.places.get(name, ()):
            if place < len(arguments):
                yield arguments[place], around
            for keyword in call.keywords:
                if keyword.arg == parameter:
                    yield keyword.value, around

    def _parameters(self, value: ast.AST, parameters: list[str], outer: str):
        if isinstance(value, ast.Name) and value.id in parameters:
            yield value.id, outer
        if isinstance(value, ast.JoinedStr):
            for part in value.values:
                inner = part.value if isinstance(part, ast.FormattedValue) else None
                if isinstance(inner, ast.Name) and inner.id in parameters:
                    text = "".join(self._piece(one, inner.id) for one in value.values)
                    yield inner.id, outer.replace("{}", text)

    def _piece(self, part: ast.AST, hole: str) -> str:
        if isinstance(part, ast.Constant):
            return str(part.value)
        inner = part.value if isinstance(part, ast.FormattedValue) else None
        return "{}" if isinstance(inner, ast.Name) and inner.id == hole else "*"

    def actions(self) -> set[str]:
        """The names, whole ones; `*` stands for what is only known when it runs."""
        found = set()
        for call in self.calls:
            self.here = self.own[self.module[id(call)]]
            for value, around in self._given(call):
                found |= {around.replace("{}", text) for text in self._texts(value)}
        return {one for one in found if ACT.fullmatch(one) and one.strip("*/")}

    def _texts(self, value: ast.AST) -> set[str]:
        if isinstance(value, ast.Constant):
            return {value.value} if isinstance(value.value, str) else set()
        if isinstance(value, ast.IfExp):
            return self._texts(value.body) | self._texts(value.orelse)
        if isinstance(value, ast.Name):
            return self.here.get(value.id) or self.constants.get(value.id, set())
        if isinstance(value, ast.Attribute) and value.attr == "value":
            return {"*"}
        if isinstance(value, ast.JoinedStr):
            texts = [""]
            for part in value.values:
                known = {str(part.value)} if isinstance(part, ast.Constant) else self._held(part.value)
                texts = [text + one for text in texts for one in known]
            return set(texts)
        return set()

    def _held(self, value: ast.AST) -> set[str]:
        """What a hole can be: nothing for a parameter, which is followed to where it is given."""
        if isinstance(value, ast.Name) and value.id.islower():
            return self.here.get(value.id) or self.constants.get(value.id, set())
        return self._texts(value) or {"*"}
