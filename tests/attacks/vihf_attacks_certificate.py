"""Attacks with certificates: forged, of the wrong class, expired, revoked, unverifiable (rows 21, 35 to 44, 56, 57)."""

from __future__ import annotations

from cryptography.hazmat.primitives.serialization import Encoding
from vihf_forge import (
    CLERK,
    DOCTOR,
    MORE,
    OTHER_DOCTOR,
    OTHER_STRUCTURE,
    STRUCTURE,
    Authentication,
    Built,
    Credential,
    Message,
    World,
    attack,
    by_doctor,
    by_hospital,
    direct,
    indirect,
    sealed,
)


def _sealed_with(name: str, choose):
    def build(world: World) -> Built:
        credential: Credential = choose(world)
        message = Message(world, indirect(world, issuer=credential.certificate))
        method = {"signature_method": f"{MORE}ecdsa-sha256"} if "curve" in name else {}
        message.sign(credential, **method)
        return by_hospital(message)

    return build


for _name, _choose in {
    "21 attacker's self-signed copy of the seal": lambda world: world.odd["self-signed"],
    "21 copy of the seal by a false authority": lambda world: world.odd["false authority"],
    "35 sealed with the connection's certificate": lambda world: world.hospital.authentication,
    "35 sealed with a server's certificate": lambda world: world.odd["server"],
    "35 a person's card for a structure": lambda world: world.doctor.signature,
    "35 an employee's card for her structure": lambda world: world.clerk_signature,
    "36 seal expired": lambda world: world.odd["expired"],
    "37 seal not yet valid": lambda world: world.odd["not yet valid"],
    "38 seal revoked": lambda world: world.odd["revoked"],
    "39 seal of a revoked authority": lambda world: world.odd["revoked authority"],
    "40 seal of an authority without a list": lambda world: world.odd["authority without list"],
    "40 seal of an authority with a stale list": lambda world: world.odd["stale list"],
    "40 seal of an authority with a sister's list": lambda world: world.odd["list of a sister"],
    "40 seal of an authority with a forged list": lambda world: world.odd["list signed by another"],
    "56 RSA of 1024 bits": lambda world: world.odd["weak"],
    "57 RSA with exponent three": lambda world: world.odd["exponent three"],
    "57 an elliptic curve of 224 bits": lambda world: world.odd["small curve"],
}.items():
    attack(_name)(_sealed_with(_name, _choose))


@attack("21 a signature of one key, the certificate of another")
def _(world: World) -> Built:
    message = Message(world, indirect(world))
    message.sign(world.odd["self-signed"], certificate=world.hospital.seal.certificate)
    return by_hospital(message)


@attack("35 no certificate on the connection")
def _(world: World) -> Built:
    return sealed(world).bytes(), None


@attack("35 something that is no certificate on the connection")
def _(world: World) -> Built:
    return sealed(world).bytes(), b"\x30\x03\x02\x01\x00"


@attack("35 the seal on the connection")
def _(world: World) -> Built:
    return sealed(world).bytes(), world.hospital.seal.der


@attack("35 a server's certificate on the connection")
def _(world: World) -> Built:
    return sealed(world).bytes(), world.odd["server"].der


@attack("35 a card's signature certificate on the connection")
def _(world: World) -> Built:
    return Message(world, direct(world)).bytes(), world.doctor.signature.der


@attack("35 an authority on the connection")
def _(world: World) -> Built:
    return sealed(world).bytes(), world.authority.certificates["organisations"].public_bytes(Encoding.DER)


@attack("42 Issuer is another structure than the seal's")
def _(world: World) -> Built:
    message = Message(world, indirect(world, issuer=world.other_hospital.seal.certificate))
    message.sign(world.hospital.seal)
    return by_hospital(message)


@attack("42 Issuer is not a name")
def _(world: World) -> Built:
    message = Message(world, indirect(world))
    message.find("Issuer").text = "the hospital"
    message.sign(world.hospital.seal)
    return by_hospital(message)


@attack("42 Issuer is empty")
def _(world: World) -> Built:
    message = Message(world, direct(world))
    message.find("Issuer").text = ""
    return by_doctor(message)


@attack("42 Issuer of an unsigned assertion is another doctor")
def _(world: World) -> Built:
    return by_doctor(Message(world, direct(world, issuer=world.other_doctor.signature.certificate)))


@attack("42 Issuer in another format")
def _(world: World) -> Built:
    message = Message(world, indirect(world))
    message.find("Issuer").set("Format", "urn:oasis:names:tc:SAML:2.0:nameid-format:entity")
    message.sign(world.hospital.seal)
    return by_hospital(message)


@attack("42 Issuer without a format")
def _(world: World) -> Built:
    message = Message(world, indirect(world))
    del message.find("Issuer").attrib["Format"]
    message.sign(world.hospital.seal)
    return by_hospital(message)


@attack("43 Identifiant_Structure is another than the seal's")
def _(world: World) -> Built:
    message = Message(world, indirect(world, structure=OTHER_STRUCTURE, name_id=DOCTOR))
    message.sign(world.hospital.seal)
    return by_hospital(message)


@attack("43 Identifiant_Structure is another than the employee card's")
def _(world: World) -> Built:
    vihf = direct(world, structure=OTHER_STRUCTURE, name_id=CLERK, issuer=world.clerk.certificate)
    return Message(world, vihf).bytes(), world.clerk.der


@attack("44 connection of another structure")
def _(world: World) -> Built:
    message = Message(world, indirect(world, structure=OTHER_STRUCTURE, name_id=DOCTOR))
    message.sign(world.hospital.seal)
    return message.bytes(), world.other_hospital.authentication.der


@attack("44 assertion stolen and sent by another structure")
def _(world: World) -> Built:
    return sealed(world).bytes(), world.other_hospital.authentication.der


@attack("44 assertion stolen and sent by a doctor")
def _(world: World) -> Built:
    return by_doctor(sealed(world))


@attack("44 a doctor's unsigned assertion sent by a hospital")
def _(world: World) -> Built:
    return by_hospital(Message(world, direct(world)))


@attack("44 a doctor's unsigned assertion sent by another doctor")
def _(world: World) -> Built:
    return Message(world, direct(world)).bytes(), world.other_doctor.authentication.der


@attack("44 a doctor's signed assertion sent by another doctor")
def _(world: World) -> Built:
    message = Message(world, direct(world))
    message.sign(world.doctor.signature)
    return message.bytes(), world.other_doctor.authentication.der


@attack("44 an assertion that names one doctor, signed by another")
def _(world: World) -> Built:
    message = Message(world, direct(world, issuer=world.other_doctor.signature.certificate))
    message.sign(world.other_doctor.signature)
    return by_doctor(message)


@attack("44 NameID of another doctor than the card's")
def _(world: World) -> Built:
    return by_doctor(Message(world, direct(world, name_id=OTHER_DOCTOR)))


@attack("mode: direct, by a hospital's certificate and seal")
def _(world: World) -> Built:
    message = Message(
        world, indirect(world, mode=Authentication.DIRECT, name_id=STRUCTURE, authentication_class="SmartcardPKI")
    )
    message.sign(world.hospital.seal)
    return by_hospital(message)


@attack("mode: indirect, by an employee's card and her hospital's seal")
def _(world: World) -> Built:
    return sealed(world).bytes(), world.clerk.der


@attack("mode: indirect and unsigned, by an employee's card")
def _(world: World) -> Built:
    vihf = indirect(world, issuer=world.clerk.certificate)
    return Message(world, vihf).bytes(), world.clerk.der


@attack("mode: direct, signed by a seal")
def _(world: World) -> Built:
    message = Message(world, direct(world, issuer=world.hospital.seal.certificate))
    message.sign(world.hospital.seal)
    return by_doctor(message)
