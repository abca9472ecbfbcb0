"""Attacks on the message around the assertion, and on the shape of the assertion (rows 22, 28 to 30, 53 to 55, 59)."""

from __future__ import annotations

import copy

from lxml import etree
from vihf_forge import (
    DOCTOR,
    DS,
    HL7,
    SAML,
    SOAP12,
    WSSE,
    WSU,
    Built,
    Message,
    World,
    attack,
    by_doctor,
    by_hospital,
    direct,
    evil_twin,
    indirect,
    sealed,
)

XML = "http://www.w3.org/XML/1998/namespace"


@attack("28 the ID again, as id, in the body")
def _(world: World) -> Built:
    message = sealed(world)
    message.body[0].set("id", "_a1")
    return by_hospital(message)


@attack("28 the ID again, as xml:id, in the body")
def _(world: World) -> Built:
    message = sealed(world)
    message.body[0].set(f"{{{XML}}}id", "_a1")
    return by_hospital(message)


@attack("28 the ID again, as wsu:Id, on the Security header")
def _(world: World) -> Built:
    message = sealed(world)
    message.security.set(f"{{{WSU}}}Id", "_a1")
    return by_hospital(message)


@attack("28 the ID again, as Id of the signature")
def _(world: World) -> Built:
    message = sealed(world)
    message.assertion.find(f"{{{DS}}}Signature").set("Id", "_a1")
    return by_hospital(message)


@attack("29 an assertion of SAML 1.1 beside ours")
def _(world: World) -> Built:
    message = sealed(world)
    message.security.append(etree.Element("{urn:oasis:names:tc:SAML:1.0:assertion}Assertion"))
    return by_hospital(message)


@attack("29 an assertion of a foreign namespace in the body")
def _(world: World) -> Built:
    message = sealed(world)
    message.body[0].append(etree.Element("{urn:evil}Assertion"))
    return by_hospital(message)


@attack("29 the assertion's own names in a foreign namespace")
def _(world: World) -> Built:
    data, certificate = by_doctor(Message(world, direct(world)))
    return data.replace(SAML.encode(), b"urn:evil"), certificate


@attack("29 Subject in a foreign namespace beside ours")
def _(world: World) -> Built:
    message = Message(world, indirect(world))
    subject = copy.deepcopy(message.find("Subject"))
    foreign = etree.fromstring(etree.tostring(subject).replace(SAML.encode(), b"urn:evil"))
    message.assertion.insert(1, foreign)
    message.sign(world.hospital.seal)
    return by_hospital(message)


@attack("30 one attribute twice by two prefixes")
def _(world: World) -> Built:
    data, certificate = by_hospital(sealed(world))
    twice = b'<saml2:Subject xmlns:a="urn:a" xmlns:b="urn:a" a:x="1" b:x="2">'
    return data.replace(b"<saml2:Subject>", twice), certificate


@attack("30 a VIHF attribute twice")
def _(world: World) -> Built:
    message = Message(world, indirect(world))
    message.add_attribute("Identifiant_Structure", "1920100131")
    message.sign(world.hospital.seal)
    return by_hospital(message)


@attack("30 a VIHF attribute twice, in another case")
def _(world: World) -> Built:
    message = Message(world, indirect(world))
    message.add_attribute("Authentification_mode", "DIRECTE")
    message.sign(world.hospital.seal)
    return by_hospital(message)


@attack("30 a VIHF attribute with two values")
def _(world: World) -> Built:
    message = Message(world, indirect(world))
    value = message.attribute("Identifiant_Structure")[0]
    value.addnext(copy.deepcopy(value))
    message.sign(world.hospital.seal)
    return by_hospital(message)


@attack("53 no Security header")
def _(world: World) -> Built:
    message = sealed(world)
    message.header.remove(message.security)
    return by_hospital(message)


@attack("53 two Security headers")
def _(world: World) -> Built:
    message = sealed(world)
    message.security.addnext(etree.Element(f"{{{WSSE}}}Security"))
    return by_hospital(message)


@attack("53 a Security header for another node")
def _(world: World) -> Built:
    message = sealed(world)
    message.security.set(f"{{{SOAP12}}}role", "http://carnet.example/another")
    return by_hospital(message)


@attack("53 a Security header inside another")
def _(world: World) -> Built:
    message = sealed(world)
    inner = message.security
    outer = etree.Element(f"{{{WSSE}}}Security")
    inner.getparent().replace(inner, outer)
    outer.append(inner)
    return by_hospital(message)


@attack("53 a UsernameToken beside the assertion")
def _(world: World) -> Built:
    message = sealed(world)
    etree.SubElement(message.security, f"{{{WSSE}}}UsernameToken").text = "admin"
    return by_hospital(message)


@attack("54 the assertion in the body alone")
def _(world: World) -> Built:
    message = sealed(world)
    message.body[0].append(message.assertion)
    return by_hospital(message)


@attack("54 a second assertion in the body")
def _(world: World) -> Built:
    message = sealed(world)
    message.body[0].append(evil_twin(message))
    return by_hospital(message)


@attack("54 the assertion beside the Security header")
def _(world: World) -> Built:
    message = sealed(world)
    message.header.append(message.assertion)
    return by_hospital(message)


@attack("55 UTF-16")
def _(world: World) -> Built:
    message = sealed(world)
    return etree.tostring(message.root, encoding="UTF-16", xml_declaration=True), world.hospital.authentication.der


@attack("55 UTF-7")
def _(world: World) -> Built:
    data, certificate = by_hospital(sealed(world))
    return data.decode().replace("UTF-8", "UTF-7", 1).encode("utf-7"), certificate


@attack("59 XInclude in the assertion")
def _(world: World) -> Built:
    message = Message(world, direct(world))
    etree.SubElement(
        message.find("NameID"), "{http://www.w3.org/2001/XInclude}include", href="file:///etc/hostname", parse="text"
    )
    return by_doctor(message)


@attack("shape: an element inside NameID")
def _(world: World) -> Built:
    message = Message(world, direct(world))
    name = message.find("NameID")
    name.text = ""
    etree.SubElement(name, f"{{{SAML}}}NameID").text = DOCTOR
    return by_doctor(message)


@attack("shape: an unknown condition")
def _(world: World) -> Built:
    message = Message(world, indirect(world, lifetime=120))
    etree.SubElement(message.find("Conditions"), "{urn:evil}Condition")
    message.sign(world.hospital.seal)
    return by_hospital(message)


@attack("shape: two subjects")
def _(world: World) -> Built:
    message = Message(world, indirect(world))
    subject = message.find("Subject")
    subject.addnext(copy.deepcopy(subject))
    message.sign(world.hospital.seal)
    return by_hospital(message)


@attack("shape: xml:base")
def _(world: World) -> Built:
    message = Message(world, indirect(world))
    message.assertion.set(f"{{{XML}}}base", "http://carnet.example/")
    message.sign(world.hospital.seal)
    return by_hospital(message)


@attack("shape: xsi:schemaLocation")
def _(world: World) -> Built:
    message = Message(world, indirect(world))
    message.assertion.set(
        "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation", f"{SAML} http://carnet.example/x"
    )
    message.sign(world.hospital.seal)
    return by_hospital(message)


@attack("shape: text beside a coded value")
def _(world: World) -> Built:
    message = Message(world, indirect(world))
    message.attribute("urn:oasis:names:tc:xacml:2.0:subject:role")[0].text = "10"
    message.sign(world.hospital.seal)
    return by_hospital(message)


@attack("shape: text beside the Subject")
def _(world: World) -> Built:
    message = Message(world, indirect(world))
    message.find("Subject").tail = "evil"
    message.sign(world.hospital.seal)
    return by_hospital(message)


@attack("shape: an endless value")
def _(world: World) -> Built:
    message = Message(world, indirect(world))
    message.add_attribute("LPS_Type", "x" * 5_000)
    message.sign(world.hospital.seal)
    return by_hospital(message)


@attack("shape: an ID that is not a name")
def _(world: World) -> Built:
    message = Message(world, direct(world))
    message.assertion.set("ID", "1 2")
    return by_doctor(message)


@attack("shape: an endless ID")
def _(world: World) -> Built:
    message = Message(world, direct(world))
    message.assertion.set("ID", "_" + "a" * 200)
    return by_doctor(message)


@attack("shape: SAML 1.1")
def _(world: World) -> Built:
    message = Message(world, indirect(world))
    message.assertion.set("Version", "1.1")
    message.sign(world.hospital.seal)
    return by_hospital(message)


@attack("shape: a coded value that is not of HL7")
def _(world: World) -> Built:
    message = Message(world, indirect(world))
    role = message.attribute("urn:oasis:names:tc:xacml:2.0:subject:role")[0][0]
    role.getparent().replace(role, etree.fromstring(etree.tostring(role).replace(HL7.encode(), b"urn:evil")))
    message.sign(world.hospital.seal)
    return by_hospital(message)


@attack("shape: a time without its zone")
def _(world: World) -> Built:
    message = Message(world, direct(world))
    message.assertion.set("IssueInstant", message.assertion.get("IssueInstant").rstrip("Z"))
    return by_doctor(message)


@attack("shape: a day that does not exist")
def _(world: World) -> Built:
    message = Message(world, direct(world))
    message.assertion.set("IssueInstant", "2026-02-31T10:00:00Z")
    return by_doctor(message)


@attack("shape: no IssueInstant")
def _(world: World) -> Built:
    message = Message(world, direct(world))
    del message.assertion.attrib["IssueInstant"]
    return by_doctor(message)
