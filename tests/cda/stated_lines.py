"""Lines as documents of others may state them, drawn by hypothesis: texts in any script, codes of known and unknown schemes, dates at any precision or none."""

from hypothesis import strategies as st

from carnet.cda.synthesis_model import LOINC, NO_CODE, Part, Stated, SynthesisLine, Told
from carnet.cda.synthesis_templates import ABSENCES, HABITS, MEASUREMENTS, PROBLEM_NATURES, RELATIVES, ROLES, SNOMED
from carnet.metadata import Code

texts = st.text(max_size=40) | st.sampled_from(
    ["Doliprane", "<b>&amp;", "Non renseigné", "]]>", "\u202eabc", " a\nb ", "0", "#x"]
)
stamps = st.sampled_from(
    ["", "2018", "201801", "20180114", "201801141030+0100", "20180114103000.1", "2018-01", "hier", "20180"]
)
codes = st.one_of(
    st.just(NO_CODE),
    st.builds(
        Code,
        st.sampled_from(["E11", "N10", "a b", "E\u202e11", ""]),
        st.sampled_from(["2.16.840.1.113883.6.3", "CIM", ""]),
        texts,
    ),
    st.builds(Code, st.sampled_from(sorted({*MEASUREMENTS, *HABITS})), st.just(LOINC), texts),
    st.builds(Code, st.sampled_from([*sorted(PROBLEM_NATURES), "416098002"]), st.just(SNOMED), texts),
    st.builds(Code, st.sampled_from(sorted(RELATIVES)), st.just(ROLES), texts),
    st.builds(
        Code,
        st.just("3400938022209"),
        st.sampled_from(["1.2.250.1.213.2.3.1", "1.2.250.1.213.2.3.2", "2.16.840.1.113883.6.73"]),
        texts,
    ),
    st.just(Code("no-known-allergies", "2.16.840.1.113883.5.1150.1")),
)
lines = st.builds(
    SynthesisLine,
    label=texts,
    code=codes,
    nature=codes,
    relative=codes,
    start=stamps,
    end=stamps,
    value=st.sampled_from(["", "58.0", "82,5", "1e3", "007"]) | texts,
    unit=st.sampled_from(["", "kg", "cm", "%", "{pack}/a", "mm Hg", "kilos", "k\u202eg", "\x07"]),
    answer=codes,
    lot=texts,
    rank=st.sampled_from(["", "2", "II", "٢"]),
    note=texts,
)


@st.composite
def stated(draw):
    """What one document states: some parts, each with lines, a stated absence or nothing."""
    found = []
    for part in draw(st.lists(st.sampled_from(list(Part)), unique=True, max_size=4)):
        told = draw(
            st.sampled_from([Told.LINES, Told.LINES, Told.NOT_STATED, *([Told.NONE_KNOWN] if part in ABSENCES else [])])
        )
        some = draw(st.lists(lines, min_size=1, max_size=3)) if told is Told.LINES else ()
        found.append(Stated(part, told, tuple(some)))
    return tuple(found)
