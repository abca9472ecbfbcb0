import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carnet.demo import payloads
from carnet.viewing.kinds import EXTENSIONS, Kind, kind_of
from carnet.viewing.refusals import SENTENCES, Cause, NotShown
from tests.viewing.hostile_files import ACTIVE_PDFS, POLYGLOTS, REFUSED, real


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (payloads.pdf("a"), Kind.PDF),
        (payloads.jpeg("a"), Kind.JPEG),
        (payloads.tiff("a"), Kind.TIFF),
        (payloads.rtf("a"), Kind.RTF),
        (payloads.plain("a"), Kind.TEXT),
        (real("PNG"), Kind.PNG),
        (real("GIF"), Kind.GIF),
        (b"\x00\x00\x00\x18ftypheic" + bytes(20), Kind.HEIC),
        ("Résultat : 5 < 6\n".encode(), Kind.TEXT),
        ("Résultat\x80".encode("cp1252", "replace"), Kind.TEXT),
        ("\ufeffbonjour".encode("utf-16-le"), Kind.TEXT),
        (b"a < b and <i>c</i>", Kind.TEXT),
    ],
)
def test_a_kind_is_what_the_bytes_say(content, kind):
    assert kind_of(content) is kind


@pytest.mark.parametrize("name", REFUSED)
def test_what_may_act_or_is_unknown_is_refused_with_a_cause(name):
    with pytest.raises(NotShown) as refusal:
        kind_of(REFUSED[name])
    assert refusal.value.message == SENTENCES["en"][refusal.value.cause]


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("page", Cause.MARKUP),
        ("page in UTF-16", Cause.MARKUP),
        ("drawing", Cause.MARKUP),
        ("entity bomb", Cause.MARKUP),
        ("archive", Cause.ARCHIVE),
        ("gzip", Cause.ARCHIVE),
        ("program for Windows", Cause.PROGRAM),
        ("manifest with a program in front", Cause.PROGRAM),
        ("manifest", Cause.UNKNOWN),
        ("nothing", Cause.EMPTY),
    ],
)
def test_the_cause_is_the_right_one(name, cause):
    with pytest.raises(NotShown) as refusal:
        kind_of(REFUSED[name])
    assert refusal.value.cause is cause


def test_a_file_that_is_two_things_is_what_it_begins_with():
    assert {name: kind_of(content).name for name, content in POLYGLOTS.items()} == {
        name: name.split()[0] for name in POLYGLOTS
    }
    assert {kind_of(content) for content in ACTIVE_PDFS.values()} == {Kind.PDF}


def test_every_cause_has_a_sentence_in_both_languages_and_every_kind_an_extension():
    assert set(SENTENCES["fr"]) == set(SENTENCES["en"]) == set(Cause)
    assert set(EXTENSIONS) == set(Kind)


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.text(max_size=100).map(str.encode)))
def test_any_bytes_have_a_kind_or_a_cause(content):
    try:
        kind = kind_of(content)
    except NotShown:
        return
    assert kind is not Kind.TEXT or not content.lstrip().lower().startswith((b"<html", b"<svg", b"<script"))
