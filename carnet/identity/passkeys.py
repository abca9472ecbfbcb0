"""Passkeys (WebAuthn Level 3): what a browser is asked, and what it answers held against it. User verification is always required.

A person may have several. One whose counter goes back may be a copy: it is ended, and says why. Moments are microseconds UTC.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from carnet.crypto.envelope import PatientKey
from carnet.crypto.keyring import Keyring
from carnet.database.connection import Connection
from carnet.database.statements import prepare
from carnet.database.tables import passkey, patient
from carnet.errors import Refused, SignInFailed
from carnet.identity.browser_secrets import digest
from carnet.identity.late_webauthn import refusals, webauthn

MOST = 10
"""Passkeys of one person."""
LONGEST_ANSWER = 64 * 1024
LONGEST_NAME = 60
MILLISECONDS = 120_000
"""For which the browser waits for the person."""
ALGORITHMS = ("ECDSA_SHA_256", "EDDSA", "RSASSA_PKCS1_v1_5_SHA_256")
"""By their names in the library (COSE)."""
CLONED = "counter"


@dataclass(frozen=True, slots=True)
class Party:
    """This service as browsers know it: `origin` https://host, `identifier` its host (or a parent of it), `name` what the person reads."""

    identifier: str
    origin: str
    name: str


@dataclass(frozen=True, slots=True)
class Passkey:
    """A row of the table; `name` is opened by `name_of`."""

    patient_key: int
    pseudonym: str
    passkey_id: str
    credential_id: bytes
    public_key: bytes = field(repr=False)
    sign_count: int
    backed_up: int
    sealed_name: bytes = field(repr=False)
    added_at: int
    used_at: int | None

    def name_of(self, key: PatientKey) -> str:
        """The name that the person gave it. Raises IntegrityFailure."""
        return key.open(self.sealed_name, _context(self.passkey_id)).decode()


class CopiedPasskey(SignInFailed):
    """The counter of a passkey did not go on: another device may hold a copy of it."""

    def __init__(self, key: Passkey) -> None:
        super().__init__("the passkey's counter went back: it may be a copy")
        self.key = key


_ROW = passkey.c
_COLUMNS = (
    _ROW.patient_key,
    patient.c.pseudonym,
    _ROW.passkey_id,
    _ROW.credential_id,
    _ROW.public_key,
    _ROW.sign_count,
    _ROW.backed_up,
    _ROW.sealed_name,
    _ROW.added_at,
    _ROW.used_at,
)
_LIVING = select(*_COLUMNS).join(patient, patient.c.patient_key == _ROW.patient_key).where(_ROW.ended_at.is_(None))
_MINE = prepare(_LIVING.where(_ROW.patient_key == bindparam("person")).order_by(_ROW.added_at, _ROW.passkey_id))
_BY_CREDENTIAL = prepare(_LIVING.where(_ROW.credential == bindparam("of_credential")))
_KNOWN = prepare(select(_ROW.passkey_id).where(_ROW.credential == bindparam("of_credential")))
_NAMES = (
    "patient_key",
    "passkey_id",
    "credential",
    "credential_id",
    "public_key",
    "sign_count",
    "backed_up",
    "sealed_name",
    "added_at",
)
_ADD = prepare(insert(passkey).values({name: bindparam(name) for name in _NAMES}))
_ONE = (_ROW.patient_key == bindparam("person"), _ROW.passkey_id == bindparam("name"), _ROW.ended_at.is_(None))
_USED = prepare(
    update(passkey)
    .where(*_ONE, _ROW.sign_count == bindparam("count_before"))
    .values(sign_count=bindparam("count_after"), backed_up=bindparam("copied"), used_at=bindparam("moment"))
    .returning(_ROW.passkey_id)
)
_END = prepare(
    update(passkey)
    .where(*_ONE)
    .values(ended_at=bindparam("moment"), ended_by=bindparam("whom"))
    .returning(_ROW.passkey_id)
)


def passkeys_of(connection: Connection, patient_key: int) -> tuple[Passkey, ...]:
    """A person's passkeys, the oldest first."""
    return tuple(Passkey(*row) for row in connection.execute(_MINE, {"person": patient_key}))


def user_handle(keyring: Keyring, pseudonym: str) -> bytes:
    """What an authenticator keeps of whose passkey it is: 32 bytes that name nobody."""
    return keyring.blind_index(f"passkey holder|{pseudonym}".encode())


def adding_options(party: Party, handle: bytes, person: str, held: Sequence[Passkey], challenge: bytes) -> str:
    """What the browser is asked so that a passkey is made (JSON). `person` is what the authenticator shows; `held` are not made twice."""
    library = webauthn()
    structs = library.helpers.structs
    options = library.generate_registration_options(
        rp_id=party.identifier,
        rp_name=party.name,
        user_id=handle,
        user_name=person,
        user_display_name=person,
        challenge=challenge,
        timeout=MILLISECONDS,
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.REQUIRED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[structs.PublicKeyCredentialDescriptor(id=one.credential_id) for one in held],
        supported_pub_key_algs=_algorithms(),
    )
    return str(library.options_to_json(options))


def add_passkey(
    connection: Connection,
    party: Party,
    key: PatientKey,
    patient_key: int,
    answer: str,
    *,
    challenge: bytes,
    name: str,
    now: int,
) -> str:
    """Keeps the passkey that a browser made; returns its id. Raises SignInFailed for an answer that is not right, Refused beyond `MOST`."""
    if len(passkeys_of(connection, patient_key)) >= MOST:
        raise Refused(f"There are {MOST} passkeys at most: remove one first.", rules=("passkeys-at-most",))
    try:
        made = webauthn().verify_registration_response(
            credential=_bounded(answer),
            expected_challenge=challenge,
            expected_rp_id=party.identifier,
            expected_origin=party.origin,
            require_user_verification=True,
            supported_pub_key_algs=_algorithms(),
        )
    except refusals() as error:
        raise SignInFailed(f"the new passkey is not right: {type(error).__name__}") from error
    credential = digest(challenge_text(made.credential_id))
    if connection.execute(_KNOWN, {"of_credential": credential}):
        raise SignInFailed("the new passkey is known already")
    passkey_id = secrets.token_hex(12)
    named = " ".join(name.split())[:LONGEST_NAME]
    row = {
        "patient_key": patient_key,
        "passkey_id": passkey_id,
        "credential": credential,
        "credential_id": made.credential_id,
        "public_key": made.credential_public_key,
        "sign_count": made.sign_count,
        "backed_up": int(made.credential_backed_up),
        "sealed_name": key.seal(named.encode(), _context(passkey_id)),
        "added_at": now,
    }
    connection.execute(_ADD, row)
    return passkey_id


def signing_in_options(party: Party, challenge: bytes) -> str:
    """What the browser is asked so that somebody signs in with any passkey of ours that the device holds (JSON): nobody is named."""
    library = webauthn()
    options = library.generate_authentication_options(
        rp_id=party.identifier,
        challenge=challenge,
        timeout=MILLISECONDS,
        user_verification=library.helpers.structs.UserVerificationRequirement.REQUIRED,
    )
    return str(library.options_to_json(options))


def holder_of(connection: Connection, answer: str) -> int | None:
    """The internal key of the holder of the passkey that an answer names, before anything of it is verified; None for none of ours."""
    try:
        credential = webauthn().helpers.parse_authentication_credential_json(_bounded(answer))
        rows = connection.execute(_BY_CREDENTIAL, {"of_credential": digest(challenge_text(credential.raw_id))})
    except refusals():
        return None
    return int(rows[0][0]) if rows else None


def passkey_answered(
    connection: Connection, keyring: Keyring, party: Party, answer: str, *, challenge: bytes, now: int
) -> Passkey:
    """Whose passkey signed the challenge. Raises SignInFailed, CopiedPasskey when the counter went back (which the caller ends)."""
    try:
        credential = webauthn().helpers.parse_authentication_credential_json(_bounded(answer))
        rows = connection.execute(_BY_CREDENTIAL, {"of_credential": digest(challenge_text(credential.raw_id))})
    except refusals() as error:
        raise SignInFailed(f"the passkey's answer cannot be read: {type(error).__name__}") from error
    if not rows:
        raise SignInFailed("the passkey is not known, or was removed")
    found = Passkey(*rows[0])
    if credential.response.user_handle != user_handle(
        keyring, found.pseudonym
    ):  # always given: nobody was named (WebAuthn 7.2)
        raise SignInFailed("the passkey names another holder")
    try:
        verified = webauthn().verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.identifier,
            expected_origin=party.origin,
            credential_public_key=found.public_key,
            credential_current_sign_count=0,  # the counter is compared below: a copy is another matter than a bad signature
            require_user_verification=True,
        )
    except refusals() as error:
        raise SignInFailed(f"the passkey's answer is not right: {type(error).__name__}") from error
    if (found.sign_count or verified.new_sign_count) and verified.new_sign_count <= found.sign_count:
        raise CopiedPasskey(found)
    values = {
        "person": found.patient_key,
        "name": found.passkey_id,
        "count_before": found.sign_count,
        "count_after": verified.new_sign_count,
        "copied": int(verified.credential_backed_up),
        "moment": now,
    }
    if not connection.execute(_USED, values):
        raise SignInFailed("the passkey was used at the same moment")
    return found


def end_passkey(connection: Connection, patient_key: int, passkey_id: str, *, by: str, now: int) -> bool:
    """Removes a person's passkey; False when there is none of that id."""
    values = {"person": patient_key, "name": passkey_id, "moment": now, "whom": by}
    return bool(connection.execute(_END, values))


def challenge_text(challenge: bytes) -> str:
    """A challenge as it is kept with what was begun, a credential's id as it is looked for: base64url without padding."""
    return base64.urlsafe_b64encode(challenge).decode().rstrip("=")


def challenge_bytes(text: str) -> bytes:
    """The challenge again."""
    return base64.urlsafe_b64decode(f"{text}===")


def _algorithms() -> list[Any]:
    known = webauthn().helpers.cose.COSEAlgorithmIdentifier
    return [known[name] for name in ALGORITHMS]


def _bounded(answer: str) -> str:
    if len(answer) > LONGEST_ANSWER:
        raise ValueError("the answer is too long")
    return answer


def _context(passkey_id: str) -> str:
    return f"passkey|{passkey_id}"
