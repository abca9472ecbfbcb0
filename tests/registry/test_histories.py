"""Random histories of submissions and updates keep the registry whole; random searches find what a plain reading finds."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from carnet.document_query import (
    CodeFilter,
    FindDocuments,
    FindFolders,
    FindSubmissionSets,
    Get,
    GetAll,
    GetObjects,
    TimeRange,
)
from carnet.errors import CarnetError
from carnet.metadata import AssociationType as T
from carnet.metadata import AvailabilityStatus as Status
from carnet.metadata import Code, DocumentEntry
from carnet.registry.renditions import RenditionCache, renditions

EVERY = tuple(Status)
MASKS = ("MASQUE_PS", "INVISIBLE_PATIENT")
quiet = settings(max_examples=40)

pick = st.integers(0, 7)
masks = st.sets(st.sampled_from(MASKS))
steps = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.booleans(), masks),
        st.tuples(st.just("again"), pick, masks),
        st.tuples(st.just("relate"), pick, st.sampled_from([T.RPLC, T.APND, T.XFRM, T.XFRM_RPLC])),
        st.tuples(st.just("file"), pick, pick),
        st.tuples(st.just("mask"), pick, masks),
        st.tuples(st.just("status"), pick, st.sampled_from(EVERY)),
        st.tuples(st.just("rename"), pick, st.booleans()),
    ),
    min_size=3,
    max_size=14,
)


class History:
    """Runs steps on one registry; a step that the registry refuses changes nothing."""

    def __init__(self, room) -> None:
        self.room = room
        self.entries: list[DocumentEntry] = []
        self.folders = []

    def run(self, steps) -> None:
        for name, first, second in steps:
            before = self.room.everything()
            try:
                getattr(self, name)(first, second)
            except (CarnetError, IndexError):
                assert self.room.everything() == before

    def codes(self, masks):
        return (Code("N", "2.16.840.1.113883.5.25"), *(Code(one, "1.2.250.1.213.1.1.4.13") for one in sorted(masks)))

    def put(self, in_folder, masks):
        document, folder = self.room.document(confidentiality_codes=self.codes(masks)), self.room.folder()
        members = (document, folder) if in_folder else (document,)
        registered = self.room.put(*members, links=[(T.HAS_MEMBER, folder, document)] if in_folder else ())
        self.entries += registered.entries
        self.folders += registered.folders

    def again(self, which, masks):
        unique_id = self.entries[which].unique_id
        self.entries.append(self.room.put_document(unique_id=unique_id, confidentiality_codes=self.codes(masks)))

    def relate(self, which, kind):
        self.entries += self.room.replace(self.entries[which], kind).entries

    def file(self, which, folder):
        self.room.put(links=[(T.HAS_MEMBER, self.folders[folder], self.entries[which])])

    def mask(self, which, masks):
        self.entries.append(self.room.remask(self.entries[which], *sorted(masks)))

    def status(self, which, new):
        uuid = self.entries[which].entry_uuid
        self.room.change_status(uuid, Status(self.room.status(uuid)), new)

    def rename(self, which, propagate):
        update = self.room.new_version(self.folders[which], title="Autre", propagate=propagate)
        self.folders.append(self.room.update(update).changes[0].after)


def rows_of(room, table, *columns):
    return list(room.connection._raw.execute(f"SELECT {', '.join(columns)} FROM {table}"))


@quiet
@given(steps=steps)
def test_any_history_leaves_the_registry_whole(new_room, steps):
    room = new_room()
    History(room).run(steps)
    for table in ("document_entry", "folder"):
        versions = defaultdict(dict)
        for logical_id, version, status in rows_of(room, table, "logical_id", "version", "status"):
            versions[logical_id][version] = status
        for history in versions.values():
            assert sorted(history) == list(range(1, len(history) + 1)), "versions are contiguous"
            assert all(history[version] == Status.DEPRECATED for version in range(1, len(history)))
    kinds = {
        uuid: table
        for table in ("submission_set", "document_entry", "folder", "association")
        for (uuid,) in rows_of(room, table, "entry_uuid")
    }
    for kind, source, target in rows_of(room, "association", "type", "source", "target"):
        assert {source, target} <= kinds.keys(), "no association dangles"
        if kinds[source] == "folder":
            assert (kind, kinds[target]) == (T.HAS_MEMBER, "document_entry")
    known = {value for (value,) in rows_of(room, "registered_identifier", "value")}
    named = kinds.keys() | {
        uid for table in ("submission_set", "document_entry", "folder") for (uid,) in rows_of(room, table, "unique_id")
    }
    assert known == named, "what is registered is remembered, and nothing else"


@quiet
@given(steps=steps)
def test_any_history_leaves_columns_renditions_and_metadata_saying_the_same(new_room, steps):
    room = new_room()
    History(room).run(steps)
    found = room.find(FindDocuments((room.patient,), EVERY))
    texts = renditions(room.connection, room.holder, found, room.renderer, RenditionCache(0))
    own: dict[str, set[str]] = defaultdict(set)
    newest = {}
    for row, text in zip(found.entries, texts, strict=True):
        entry = room.entry(row.uuid)
        assert text == room.renderer.entry(entry)
        assert (row.status, row.version, row.unique_id) == (entry.status, entry.version, entry.unique_id)
        if row.version >= newest.get(row.logical_id, (0, None))[0]:
            newest[row.logical_id] = (row.version, entry)
    for _, entry in newest.values():
        own[entry.unique_id] |= entry.masks
    assert all(set(row.masks.split()) == own[row.unique_id] for row in found.entries)


@quiet
@given(steps=steps)
def test_after_any_history_no_answer_speaks_of_what_is_hidden(new_room, hides_masked, steps):
    room = new_room()
    History(room).run(steps)
    rows = room.find(FindDocuments((room.patient,), EVERY)).entries
    hidden = {row.uuid for row in rows if not hides_masked(row)}
    visible = {row.uuid for row in rows} - hidden
    queries = [
        FindSubmissionSets((room.patient,), EVERY),
        FindFolders((room.patient,), EVERY),
        GetAll((room.patient,), EVERY, EVERY, EVERY),
    ]
    objects = [
        uuid
        for table in ("submission_set", "document_entry", "folder")
        for (uuid,) in rows_of(room, table, "entry_uuid")
    ]
    queries += [GetObjects(what, entry_uuids=(uuid,), association_types=tuple(T)) for what in Get for uuid in objects]
    for query in queries:
        found = room.find(query).seen_by(hides_masked)
        text = repr((found.entries, found.submission_sets, found.folders, found.associations))
        assert not any(uuid in text for uuid in hidden)
        if isinstance(query, GetObjects) and query.entry_uuids[0] in hidden:
            assert found.uuids == ()
        if isinstance(query, GetAll):
            assert {row.uuid for row in found.entries} == visible


# --- searches against a plain reading -----------------------------------------------------------------------------

codes = st.builds(Code, st.sampled_from("AB"), st.sampled_from(["1.1", "2.2"]))
filters = st.lists(st.builds(CodeFilter, st.sampled_from("AB"), st.sampled_from(["1.1", "2.2", ""])), max_size=2).map(
    tuple
)
moments = st.sampled_from(
    ["2024", "2025", "202501", "20250101", "20250101000000", "202506", "20250615", "20250615101500"]
)
documents = st.fixed_dictionaries(
    {
        "type_code": codes,
        "class_code": codes,
        "event_codes": st.lists(codes, max_size=2, unique=True).map(tuple),
        "creation_time": moments,
        "service_start_time": moments | st.just(""),
        "title": st.sampled_from(["Bilan", "bilan 2", "Radio"]),
    }
)
ranges = st.builds(TimeRange, moments | st.just(""), moments | st.just(""))
searches = st.fixed_dictionaries(
    {},
    optional={
        "type_codes": filters,
        "class_codes": filters,
        "event_codes": st.lists(filters, max_size=2).map(tuple),
        "creation_time": ranges,
        "service_start_time": ranges,
        "titles": st.lists(st.sampled_from(["bilan%", "%2", "Radi_"]), max_size=2).map(tuple),
    },
)


def has(code, wanted):
    return not wanted or any(one.code == code.code and one.system in ("", code.system) for one in wanted)


def padded(dtm):
    return dtm + "00000101000000"[len(dtm) :]


def inside(value, wanted):
    if wanted == TimeRange():
        return True
    after = not wanted.start or padded(wanted.start) <= padded(value)
    return bool(value) and after and (not wanted.stop or padded(value) < padded(wanted.stop))


def entitled(title, patterns):
    tests = {
        "bilan%": lambda t: t.startswith("bilan"),
        "%2": lambda t: t.endswith("2"),
        "Radi_": lambda t: t[:4] == "radi",
    }
    return not patterns or any(tests[pattern](title.lower()) for pattern in patterns)


def matches(entry, search):
    return (
        has(entry.type_code, search.get("type_codes"))
        and has(entry.class_code, search.get("class_codes"))
        and all(any(has(code, slot) for code in entry.event_codes) for slot in search.get("event_codes", ()) if slot)
        and inside(entry.creation_time, search.get("creation_time", TimeRange()))
        and inside(entry.service_start_time, search.get("service_start_time", TimeRange()))
        and entitled(entry.title, search.get("titles"))
    )


@quiet
@given(contents=st.lists(documents, min_size=1, max_size=8), asked=st.lists(searches, min_size=1, max_size=6))
def test_a_search_finds_what_a_plain_reading_of_the_metadata_finds(new_room, contents, asked):
    room = new_room()
    entries = room.put(*(room.document(**content) for content in contents)).entries
    for search in asked:
        expected = {entry.entry_uuid for entry in entries if matches(entry, search)}
        assert {row.uuid for row in room.documents(**search)} == expected
