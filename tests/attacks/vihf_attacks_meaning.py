"""Assertions that are well made and say what may not be said (rows 45, 47 to 50, and the rules of the VIHF)."""

from __future__ import annotations

import base64
import copy
from typing import Any

from lxml import etree
from vihf_forge import (
    AUDIENCE,
    DMP_ROLES,
    DS,
    G05,
    G15,
    OTHER_STRUCTURE,
    R01,
    ROLES,
    SAML,
    Authentication,
    Built,
    Code,
    Credential,
    Message,
    PatientIdentifier,
    World,
    attack,
    by_doctor,
    by_hospital,
    direct,
    indirect,
    strict,
)

from carnet.clock import DAY, HOUR, MINUTE, SECOND, to_datetime

ROLE, PURPOSE = "urn:oasis:names:tc:xacml:2.0:subject:role", "urn:oasis:names:tc:xspa:1.0:subject:purposeofuse"
PATIENT_ATTRIBUTE = "urn:oasis:names:tc:xacml:2.0:resource:resource-id"


def instant(moment: int) -> str:
    return to_datetime(moment).strftime("%Y-%m-%dT%H:%M:%SZ")


def said(title: str, at: int = 0, **changes: Any):
    """An attack that is the hospital's good assertion with other content, sealed."""

    def build(world: World) -> Built:
        message = Message(world, indirect(world, **changes), at=world.now + at)
        message.sign(world.hospital.seal)
        return by_hospital(message)

    attack(title)(build)


def edited(name: str, edit, by_card: bool = False, base: Any = None):
    """An attack that is a good assertion changed by `edit(message)` before it is sealed (or sent by a card, unsigned)."""

    def build(world: World) -> Built:
        message = Message(world, (base or (direct if by_card else indirect))(world))
        edit(message)
        if by_card:
            return by_doctor(message)
        message.sign(world.hospital.seal)
        return by_hospital(message)

    attack(name)(build)


def strictly(name: str, edit=lambda message: None, sign: bool = True, **changes: Any):
    """An attack on the strict profile."""

    def build(world: World) -> Built:
        message = Message(world, strict(world, **changes))
        edit(message)
        if sign:
            message.sign(world.strict.seal)
        return message.bytes(), world.strict.authentication.der

    attack(name)(build)


def _element(name: str, text: str) -> Any:
    element = etree.Element(f"{{{SAML}}}{name}")
    element.text = text
    return element


def _class(message: Message, name: str) -> None:
    message.find("AuthnContextClassRef").text = f"urn:oasis:names:tc:SAML:2.0:ac:classes:{name}"


def hold_key(message: Message, credential: Credential) -> None:
    """Makes the confirmation one by holder of this key."""
    message.find("SubjectConfirmation").set("Method", "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key")
    info = etree.SubElement(message.find("SubjectConfirmationData"), f"{{{DS}}}KeyInfo")
    data = etree.SubElement(info, f"{{{DS}}}X509Data")
    etree.SubElement(data, f"{{{DS}}}X509Certificate").text = base64.b64encode(credential.der).decode()


def _hold_nothing(message: Message) -> None:
    hold_key(message, message.world.strict.authentication)
    next(message.find("SubjectConfirmationData").iter(f"{{{DS}}}X509Certificate")).text = "*"


said("45 issued ten minutes ago", at=-10 * MINUTE)
said("45 issued yesterday", at=-DAY)
said("45 issued in five minutes", at=5 * MINUTE)
said("45 issued in a year", at=365 * DAY)
edited(
    "45 a session of thirteen hours",
    lambda message: message.find("AuthnStatement").set("AuthnInstant", instant(message.world.now - 13 * HOUR)),
)
edited(
    "45 a session begun after the assertion",
    lambda message: message.find("AuthnStatement").set("AuthnInstant", instant(message.world.now + 40 * SECOND)),
)
said("45 NotOnOrAfter past", at=-4 * MINUTE, lifetime=60)
said("45 NotOnOrAfter tomorrow", lifetime=86_400)
edited(
    "45 NotBefore to come",
    lambda message: message.find("Conditions").set("NotBefore", instant(message.world.now + 5 * MINUTE)),
    base=lambda world: indirect(world, lifetime=600),
)
said("47 foreign audience", audience="https://elsewhere.example/vihf")
edited(
    "47 our audience and a foreign one",
    lambda message: message.find("AudienceRestriction").insert(
        1, _element("Audience", "https://elsewhere.example/vihf")
    ),
    base=lambda world: indirect(world, audience=AUDIENCE),
)
edited("48 wrong Ressource_URN", lambda message: message.set_text("Ressource_URN", "urn:other"))
edited("48 Ressource_URN in capitals", lambda message: message.set_text("Ressource_URN", "URN:DMP"))
edited("48 no Ressource_URN", lambda message: message.drop("Ressource_URN"))
said("49 VIHF_Version 1.0", version="1.0")
said("49 VIHF_Version 5.0", version="5.0")
edited("49 no VIHF_Version", lambda message: message.drop("VIHF_Version"))
said("50 profession not in the value set", roles=(Code("99", G15), ROLES[1]))
said("50 specialty not in the value set", roles=(ROLES[0], Code("SM99", R01)))
said("50 a code of another system", roles=(Code("10", R01), ROLES[1]))
said("role: doctor without specialty", roles=ROLES[:1])
said("role: pharmacist with a doctor's specialty", roles=(Code("21", G15), ROLES[1]))
said("role: doctor with a pharmacist's section", roles=(ROLES[0], Code("A", G05)))
said("role: specialty first", roles=(ROLES[1], ROLES[0]))
said("role: two professions", roles=(Code("60", G15), Code("10", G15)))
said("role: three roles", roles=(*ROLES, ROLES[1]))
edited("role: none", lambda message: message.drop(ROLE))
edited("role: as text", lambda message: message.set_text(ROLE, "10"))

edited("mode: delegated", lambda message: message.set_text("Authentification_Mode", "DELEGUEE"))
edited("mode: unknown", lambda message: message.set_text("Authentification_Mode", "indirecte"))
said(
    "mode: reinforced, by an automaton",
    mode=Authentication.REINFORCED,
    roles=(Code("AUTOMATE", DMP_ROLES),),
)
said(
    "mode: reinforced, nobody logged in",
    mode=Authentication.REINFORCED,
    authentication_class="unspecified",
)
said("session: an unknown class", authentication_class="Telepathy")
edited("session: a card's class is a password", lambda m: _class(m, "Password"), by_card=True)

said("NameID: of no known form", name_id="Zoé")
said("NameID: internal to another structure", name_id=f"3{OTHER_STRUCTURE[1:]}/7")
said("NameID: thirteen digits", name_id="8997000000123")
said("name: absent", name="")
said("structure: malformed", structure="17/01")
edited("structure: absent, by a card", lambda message: message.drop("Identifiant_Structure"), by_card=True)
edited("structure: malformed, by a card", lambda message: message.set_text("Identifiant_Structure", "?"), by_card=True)
said("sector: unknown", sector="SA99")
edited("sector: without its system", lambda message: message.set_text("Secteur_Activite", "SA01"))
edited("sector: absent", lambda message: message.drop("Secteur_Activite"))

said("patient: of an unknown authority", patient=PatientIdentifier("207058575627097", "1.2.3"))
said("patient: too short", patient=PatientIdentifier("2070585756", "1.2.250.1.213.1.4.8"))
edited("patient: a bare number", lambda message: message.set_text(PATIENT_ATTRIBUTE, "207058575627097"))
edited(
    "patient: a local identifier",
    lambda message: message.set_text(PATIENT_ATTRIBUTE, "207058575627097^^^&1.2.250.1.213.1.4.8&ISO^PI"),
)

for _code in ("urgence", "brisDeGlace", "NORMAL", ""):
    edited(
        f"purpose: {_code or 'empty'}", lambda message, code=_code: message.attribute(PURPOSE)[0][0].set("code", code)
    )
edited("purpose: of another system", lambda message: message.attribute(PURPOSE)[0][0].set("codeSystem", "1.2.3"))
edited("purpose: absent", lambda message: message.drop(PURPOSE))
edited("purpose: two", lambda message: message.attribute(PURPOSE).append(copy.deepcopy(message.attribute(PURPOSE)[0])))
edited("reason: endless", lambda message: message.add_attribute("Mode_Acces_Raison", "x" * 1500))
for _name in ("LPS_Nom", "LPS_Version", "LPS_ID_HOMOLOGATION_DMP"):
    edited(f"software: no {_name}", lambda message, name=_name: message.drop(name))
edited("software: not approved", lambda message: message.set_text("LPS_ID_HOMOLOGATION_DMP", "UNKNOWN"))
edited(
    "confidentiality: unknown",
    lambda message: message.add_attribute(
        "urn:oasis:names:tc:xspa:1.0:resource:patient:hl7:confidentiality-code", "EVERYTHING"
    ),
)

strictly("strict: no audience", audience="")
strictly("strict: no Conditions", lambda message: message.assertion.remove(message.find("Conditions")))
strictly("strict: no end", lambda message: message.find("Conditions").attrib.pop("NotOnOrAfter"))
strictly("strict: a window of eleven minutes", lifetime=660)
strictly("strict: no confirmation", bearer=False)
strictly(
    "strict: confirmation of the sender",
    lambda message: message.find("SubjectConfirmation").set("Method", "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"),
)
strictly(
    "strict: confirmation past",
    lambda message: message.find("SubjectConfirmationData").set(
        "NotOnOrAfter", instant(message.world.now - 5 * MINUTE)
    ),
)
strictly("strict: another holder of the key", lambda message: hold_key(message, message.world.doctor.authentication))
strictly("strict: a holder of the key that is no certificate", _hold_nothing)
strictly("strict: a foreign target", lambda message: message.set_text("Ressource_URN", "urn:other"))
strictly("strict: unsigned", sign=False)
