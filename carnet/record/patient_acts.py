"""What the patient's side does with a record: documents, professionals, choices, and who may see what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from carnet.authorization.patient_side import Actor, PatientRight
from carnet.consent import care_links, choices
from carnet.consent.care_links import Link, reason_context, ties
from carnet.consent.choices import Choice
from carnet.consent.majority import end_after
from carnet.consent.rights_version import bump
from carnet.consent.standing import current_standing
from carnet.errors import Refused
from carnet.exchange.notices import owe
from carnet.metadata import PatientIdentifier
from carnet.record.patient_documents import (
    ListedDocument,
    delete_document,
    is_masked,
    listed_documents,
    mask_document,
    masks_everything,
    own_document,
    unmask_document,
)
from carnet.record.patient_room import PATIENT_SIDE, PatientDesk, PatientRoom
from carnet.registry.found import FoundEntry
from carnet.registry.unmasked_documents import mask_by_default

COLLECTED = "consent-collected"
"""Kind of the notice that tells the holder that a professional took his or her consent for another (L1111-17 II CSP)."""

Change = Callable[[PatientRoom], bool]


@dataclass(frozen=True, slots=True)
class PatientActs(PatientDesk):
    """The acts. Each returns whether anything changed, but for the lists."""

    # --- documents ---------------------------------------------------------------------------------------------

    def documents(self, patient: PatientIdentifier) -> tuple[ListedDocument, ...]:
        """The current documents that the person who acts may see, the newest first."""
        return self.perform(patient, "list-documents", PatientRight.SEE, listed_documents)

    def mask(self, patient: PatientIdentifier, unique_id: str) -> bool:
        """Hides a document from professionals (R1111-49 CSP). Raises UnknownDocument for what is hidden from the person who acts."""
        return self._on_document(patient, "mask", PatientRight.MASK, unique_id, mask_document)

    def unmask(self, patient: PatientIdentifier, unique_id: str) -> bool:
        """Shows a document to professionals again, and takes it out of the default mask."""
        return self._on_document(patient, "unmask", PatientRight.UNMASK, unique_id, unmask_document)

    def delete(self, patient: PatientIdentifier, unique_id: str) -> bool:
        """Deletes (logically) what the patient's side added, and nothing else."""
        return self._on_document(patient, "delete", PatientRight.DELETE, unique_id, delete_document)

    def _on_document(
        self,
        patient: PatientIdentifier,
        name: str,
        right: PatientRight,
        unique_id: str,
        change: Callable[[PatientRoom, FoundEntry], bool],
    ) -> bool:
        def work(room: PatientRoom) -> bool:
            found = own_document(room, right, unique_id)
            changed = change(room, found)
            if changed:
                bump(room.connection, room.patient_key)
            return changed

        return self.perform(patient, name, None, work, objects=(unique_id,))

    # --- professionals -----------------------------------------------------------------------------------------

    def authorise(
        self, patient: PatientIdentifier, party: str, until: int | None = None, *, collected_by: str = ""
    ) -> bool:
        """Lets a party read until a moment, by default for `explicit_consent_days`; tells the holder when a professional took the word.

        Raises Refused for an insurer, a bank or an employer, and for a collecting professional who has no access.
        """
        days = self.gate.platform.settings.explicit_consent_days

        def work(room: PatientRoom) -> bool:
            return _admit(room, care_links.authorise, party, until or end_after(room.now, days), collected_by)

        return self._manage(patient, "authorise", party, work)

    def join_team(
        self, patient: PatientIdentifier, party: str, until: int | None = None, *, collected_by: str = ""
    ) -> bool:
        """Notes that a party takes part in the care of a stay or episode, until its end, by default for `care_team_days`."""
        days = self.gate.platform.settings.care_team_days

        def work(room: PatientRoom) -> bool:
            return _admit(room, care_links.join_team, party, until or end_after(room.now, days), collected_by)

        return self._manage(patient, "join-team", party, work)

    def end_authorisation(self, patient: PatientIdentifier, party: str) -> bool:
        """Takes an authorisation back."""
        return self._link(patient, "end-authorisation", party, care_links.end_authorisation)

    def leave_team(self, patient: PatientIdentifier, party: str) -> bool:
        """Ends a place in the care team."""
        return self._link(patient, "leave-team", party, care_links.leave_team)

    def block(self, patient: PatientIdentifier, party: str) -> bool:
        """Keeps a party out, in every mode."""
        return self._link(patient, "block", party, partial(care_links.block, source=PATIENT_SIDE))

    def unblock(self, patient: PatientIdentifier, party: str) -> bool:
        """Ends a block; nothing comes back with it."""
        return self._link(patient, "unblock", party, care_links.unblock)

    def name_administrator(self, patient: PatientIdentifier, party: str) -> bool:
        """Names a professional who also sees masked documents. Raises Refused for one who is blocked."""

        def work(room: PatientRoom) -> bool:
            standing = current_standing(
                room.connection, room.patient_key, professional=party, organization="", now=room.now
            )
            if standing is not None and standing.blocked:
                raise Refused("The patient has blocked this professional.", rules=("blocked-by-patient",))
            return care_links.name_administrator(
                room.connection, room.patient_key, party, source=PATIENT_SIDE, now=room.now
            )

        return self._manage(patient, "name-administrator", party, work)

    def end_administrator(self, patient: PatientIdentifier, party: str) -> bool:
        """Takes the role of administrator back."""
        return self._link(patient, "end-administrator", party, care_links.end_administrator)

    def oppose_feeding(self, patient: PatientIdentifier, party: str, reason: str) -> bool:
        """Keeps a party from feeding; the legitimate reason is kept sealed (R1111-47 CSP)."""

        def work(room: PatientRoom) -> bool:
            if not reason.strip():
                raise ValueError("an opposition to feeding has a legitimate reason")
            sealed = room.key.seal(reason.encode(), reason_context(party))
            return care_links.oppose_feeding(
                room.connection, room.patient_key, party, source=PATIENT_SIDE, sealed_reason=sealed, now=room.now
            )

        return self._manage(patient, "oppose-feeding", party, work)

    def allow_feeding(self, patient: PatientIdentifier, party: str) -> bool:
        """Ends an opposition to feeding."""
        return self._link(patient, "allow-feeding", party, care_links.allow_feeding)

    def _link(self, patient: PatientIdentifier, name: str, party: str, change: Callable[..., bool]) -> bool:
        return self._manage(
            patient, name, party, lambda room: change(room.connection, room.patient_key, party, now=room.now)
        )

    def _manage(self, patient: PatientIdentifier, name: str, party: str, work: Change) -> bool:
        return self.perform(patient, name, PatientRight.PROFESSIONALS, work, objects=(party,))

    # --- choices and overview ----------------------------------------------------------------------------------

    def choose(self, patient: PatientIdentifier, choice: Choice, *, value: bool) -> bool:
        """Writes a standing choice. Masking everything anew takes back what was unmasked by name."""

        def work(room: PatientRoom) -> bool:
            changed = choices.set_choice(room.connection, room.patient_key, choice, value=value, now=room.now)
            if changed and choice is Choice.MASKS_EVERYTHING:
                mask_by_default(room.connection, room.holder)
            return changed

        said = "yes" if value else "no"
        return self.perform(patient, f"choose-{choice.value}", PatientRight.CHOICES, work, detail=said)

    def viewers(self, patient: PatientIdentifier, unique_id: str) -> tuple[str, ...]:
        """The parties named in the record who may see a document now: `PS_IdNat or Struct_IdNat` with the ground, sorted.

        A mask leaves the médecin traitant, the administrators and its authors. The matrix of professions is applied when they ask.
        """
        return self.perform(patient, "viewers", PatientRight.SEE, partial(_viewers, unique_id=unique_id))


# --- professionals ------------------------------------------------------------------------------------------------


def _admit(room: PatientRoom, change: Callable[..., bool], party: str, until: int, collected_by: str) -> bool:
    if party in room.platform.settings.forbidden_structures:
        raise Refused("Insurers, banks and employers are never let in.", rules=("forbidden-actor",))
    if collected_by and not _may_collect(room, collected_by):
        raise Refused("A professional without access collects no consent.", rules=("no-authorisation",))
    changed = change(
        room.connection,
        room.patient_key,
        party,
        until=until,
        source="collected" if collected_by else PATIENT_SIDE,
        collected_by=collected_by,
        now=room.now,
    )
    if changed and collected_by:
        owe(room.connection, room.patient_key, kind=COLLECTED, recipient="patient", cause=party, now=room.now)
    return changed


def _may_collect(room: PatientRoom, professional: str) -> bool:
    found = current_standing(
        room.connection, room.patient_key, professional=professional, organization="", now=room.now
    )
    if found is None or found.blocked:
        return False
    return found.medecin_traitant or found.care_team or found.authorisation == "valid"


def _viewers(room: PatientRoom, *, unique_id: str) -> tuple[str, ...]:
    found = own_document(room, PatientRight.SEE, unique_id)
    room.touched.append(unique_id)
    return viewers_of(room, found)


def viewers_of(room: PatientRoom, found: FoundEntry) -> tuple[str, ...]:
    """The parties named in the record who may see a document now: party and ground, sorted."""
    masked = is_masked(found, by_default=masks_everything(room))
    held = [one for one in ties(room.connection, room.patient_key, now=room.now) if _lives(one.expires_at, room.now)]
    if room.facts.actor not in {Actor.HOLDER, Actor.MINOR}:
        held = [one for one in held if not one.in_secret]
    attending = next((one.party for one in held if one.kind is Link.MEDECIN_TRAITANT), "")
    blocked = {one.party for one in held if one.kind is Link.BLOCKED} - {attending}
    administrators = {one.party for one in held if one.kind is Link.ADMINISTRATOR}
    seen = {f"{attending} {Link.MEDECIN_TRAITANT.value}"} if attending else set()
    for one in held:
        if one.kind in {Link.AUTHORISED, Link.CARE_TEAM} and one.party not in blocked:
            own = one.party in found.author_persons.split() or one.party == found.depositor
            if not masked or own or one.party in administrators:
                seen.add(f"{one.party} {one.kind.value}")
    return tuple(sorted(seen))


def _lives(expires_at: int | None, now: int) -> bool:
    return expires_at is None or expires_at > now


__all__ = ["COLLECTED", "PatientActs", "viewers_of"]
