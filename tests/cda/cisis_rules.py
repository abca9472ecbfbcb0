"""Runs the published rules of the CI-SIS over a document: its XML schema, and schematrons through the compiler that comes with them.

The rules are not part of this project: they are looked for in ../shared/rules, or in the folder that CISIS_RULES names, as the agency
publishes them (ansforge/TestContenuCDA-3-0: `schematrons`, `jeuxDeValeurs`, `infrastructure`).
"""

import os
import re
import shutil
from pathlib import Path

import pytest
from lxml import etree

from carnet.cda.synthesis_model import Model

SHARED = Path(__file__).parents[2].parent / "shared" / "rules"
SVRL = "{http://purl.oclc.org/dsdl/svrl}"
VOCABULARY = re.compile(r"include/voc-([\d.]+)-DYNAMIC\.xml")
STEPS = ("iso_dsdl_include", "iso_abstract_expand", "iso_svrl_for_xslt2")
MODELS = {
    Model.IPS_FR: ("CI-SIS_IPS-FR_2024.01.sch",),
    Model.VSM: ("CI-SIS_VSM_1.4_2022.01.sch", "CI-SIS_VSM_2023.01.sch"),
}
"""What is published for each content model of a synthesis."""
ALL = (
    "profils/CI-SIS_ModelesDeContenusCDA.sch",
    "profils/CI-SIS_Modeles_ANS.sch",
    "profils/IHE.sch",
    "profils/structurationMinimale/ASIP-STRUCT-MIN-StrucMin.sch",
    "profils/terminologies/schematron/terminologie.sch",
)
"""What is published for every document. That of terminology looks up the codes of those vocabularies that stand beside it."""


def published_rules():
    """The folder of the rules; skips the test where there is none."""
    named = os.environ.get("CISIS_RULES", "")
    folder = Path(named) if named else SHARED
    if not (folder / "schematrons" / "moteur").is_dir():
        pytest.skip(
            "the published rules of the CI-SIS, which are no part of this project, are not here: CISIS_RULES names no folder with schematrons; "
            "test_synthesis_document.py holds sections, codes and absences instead"
        )
    return folder


def own_copy(folder, place):
    """A copy in which includes are found whatever their case: some name files as a Windows disk would."""
    for name in ("schematrons", "jeuxDeValeurs"):
        shutil.copytree(folder / name, place / name)
    for path in (place / "schematrons").rglob("*.sch"):
        text = re.sub(r"<!--.*?-->", "", path.read_text(encoding="utf-8", errors="replace"), flags=re.DOTALL)
        for href in re.findall(r'<include\s+href="([^"#]+)', text):
            wanted = Path(os.path.normpath(path.parent / href))
            if not wanted.exists() and wanted.parent.is_dir():
                alike = [one for one in wanted.parent.iterdir() if one.name.lower() == wanted.name.lower()]
                if alike:
                    shutil.copy(alike[0], wanted)
    return place


def with_vocabularies(place):
    """Adds what the rules of the minimal structure read as `voc-<OID>-DYNAMIC.xml` and some releases lack: the published value set of that OID."""
    include = place / "schematrons" / "profils" / "structurationMinimale" / "include"
    named = {one for path in include.glob("*.sch") for one in VOCABULARY.findall(path.read_text(encoding="utf-8"))}
    lacking = {oid for oid in named if not (include / f"voc-{oid}-DYNAMIC.xml").exists()}
    for path in (place / "jeuxDeValeurs").glob("*.xml") if lacking else ():
        root = etree.parse(path).getroot()
        oid = next((one.get("id") for one in root.iter("{*}ValueSet")), "")
        if oid in lacking:
            made = etree.Element("valueSets")
            concepts = etree.SubElement(etree.SubElement(made, "valueSet", id=oid), "conceptList")
            for one in root.iter("{*}Concept"):
                etree.SubElement(concepts, "concept", code=one.get("code", ""), codeSystem=one.get("codeSystem", ""))
            etree.ElementTree(made).write(include / f"voc-{oid}-DYNAMIC.xml")
    return place


class Rules:
    """The rules, compiled once."""

    def __init__(self, folder, place):
        saxonche = pytest.importorskip("saxonche", reason="saxonche runs the schematrons (XSLT 2)")
        self._saxon = saxonche.PySaxonProcessor(license=False)
        self._xslt = self._saxon.new_xslt30_processor()
        self.schema = etree.XMLSchema(etree.parse(folder / "infrastructure" / "cda" / "CDA_extended.xsd"))
        copy = with_vocabularies(own_copy(folder, place))
        names = [*ALL, *(one for some in MODELS.values() for one in some)]
        self._compiled = {name: self._compile(copy / "schematrons", name) for name in names}

    def _compile(self, folder, name):
        text = (folder / name).read_text(encoding="utf-8")
        out = folder / name
        for number, step in enumerate(STEPS):
            sheet = self._xslt.compile_stylesheet(stylesheet_file=str(folder / "moteur" / f"{step}.xsl"))
            text = sheet.transform_to_string(source_file=str(out))
            out = (folder / name).with_suffix(f".{number}.xml")
            out.write_text(text, encoding="utf-8")
        return self._xslt.compile_stylesheet(stylesheet_file=str(out))

    def told(self, path, model):
        """What each schematron says of a document of a model: how many rules met something in it, and the assertions that failed."""
        found = {}
        for name in (*MODELS[model], *ALL):
            sheet = self._compiled[name]
            report = etree.fromstring(sheet.transform_to_string(source_file=str(path)).encode())
            failed = [
                " ".join("".join(one.itertext()).split())
                for one in report.iter(f"{SVRL}failed-assert", f"{SVRL}successful-report")
            ]
            found[name] = (len(list(report.iter(f"{SVRL}fired-rule"))), failed)
        return found
