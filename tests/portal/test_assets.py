"""What pages are dressed with is what was vendored, under its licence, and names nobody else's place."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from carnet.portal.assets import STATIC, Assets

VENDOR = STATIC / "vendor"


def listed():
    return json.loads((VENDOR / "MANIFEST.json").read_text(encoding="utf-8"))


def digests(root: Path):
    files = (path for path in root.rglob("*") if path.is_file() and path.name != "MANIFEST.json")
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_every_vendored_file_is_the_one_of_the_manifest_and_has_its_licence_beside():
    wanted = {name: digest for package in listed() for name, digest in package["files"].items()}
    assert digests(VENDOR) == wanted
    for package in listed():
        assert any(name.endswith("/LICENSE") for name in package["files"]), package["package"]
        assert package["integrity"].startswith("sha512-")
        assert package["version"]
        assert package["licence"]


def test_a_changed_byte_gives_another_address(tmp_path):
    first = Assets().url("mark.svg")
    copy = tmp_path / "static"
    for path in (STATIC / name for name in digests(STATIC)):
        target = copy / path.relative_to(STATIC)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    assert Assets(copy).url("mark.svg") == first
    (copy / "mark.svg").write_bytes((copy / "mark.svg").read_bytes() + b" ")
    assert Assets(copy).url("mark.svg") != first


def test_micrograms_have_a_glyph_of_their_own():
    sheet = (STATIC / "own.css").read_text(encoding="utf-8")
    assert "unicode-range:U+00B5" in sheet
    assert sheet.index('"Carnet Micro","Atkinson') > 0
