"""Whatever a document lacks or holds too much of, reading it ends in plain values or in a typed refusal."""

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from carnet.cda.contents import contents_of
from carnet.cda.medication import medicine_lines
from carnet.cda.problems import problems_of
from carnet.cda.rendering import page_of
from carnet.cda.results import report_of
from carnet.cda.results_over_time import over_time
from carnet.demo.lab_reports import Measured, lab_draft, lab_report
from carnet.errors import CarnetError, InvalidDocument

NOW = 1_790_000_000_000_000
OLD = Measured("22664-7", "Urée", "8.5", "mmol/L", "202009120815+0100")
BOUND = Measured("1988-5", "CRP", "1.0", "mg/L", "202401041010+0100", "", "5.0", "N", "<")
UREA = Measured("22664-7", "Urée", "10.020", "mmol/L", "202401041010+0100", "3.50", "8", "H", before=(OLD,))
WHOLE = lab_report(lab_draft(NOW), [UREA, BOUND], collected="202401040735+0100")


def read(content):
    """Everything that reads a document; raises InvalidDocument and nothing else."""
    page = page_of(contents_of(content, lambda _content: None))
    report = report_of(content)
    comparison = over_time([report, report])
    return page, comparison, medicine_lines(content), problems_of(content)


def refused_at_most(content):
    try:
        page = read(content)[0]
    except InvalidDocument:
        return
    except CarnetError as error:
        raise AssertionError(error) from error
    assert "<script" not in page


def test_the_whole_document_is_read():
    page, comparison, medicines, problems = read(WHOLE)
    assert "10.020" in page
    assert [one.code for one in comparison.analytes] == ["22664-7", "1988-5"]
    assert (medicines, problems) == ((), ())


CHANGES = st.lists(
    st.tuples(st.integers(0, 10_000), st.sampled_from(["remove", "empty", "value", "name", "twice"])),
    min_size=1,
    max_size=6,
)
STRANGE = [
    "",
    "x",
    "<script>",
    "-1",
    "1e9",
    "20241399",
    "\N{RIGHT-TO-LEFT OVERRIDE}",
    "\N{FULLWIDTH DIGIT NINE}",
    "#",
    "a" * 300,
    "NaN",
    "2024010410+9900",
]


def changed(changes, strange):
    root = etree.fromstring(WHOLE)
    for place, how in changes:
        elements = [one for one in root.iter("{*}*") if one.getparent() is not None]
        element = elements[place % len(elements)]
        if how == "remove":
            element.getparent().remove(element)
        elif how == "empty":
            for name in list(element.attrib):
                del element.attrib[name]
        elif how == "value":
            for name in list(element.attrib):
                element.set(name, strange)
        elif how == "name":
            element.tag = elements[(place * 7) % len(elements)].tag
        else:
            element.addnext(etree.fromstring(etree.tostring(element, with_tail=False)))
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


@settings(derandomize=True, max_examples=400, deadline=None)
@given(CHANGES, st.sampled_from(STRANGE))
def test_a_document_with_parts_missing_changed_or_doubled_is_read_or_refused(changes, strange):
    refused_at_most(changed(changes, strange))


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.integers(0, len(WHOLE)), st.integers(0, len(WHOLE)), st.binary(max_size=20))
def test_a_document_with_a_piece_of_other_bytes_is_read_or_refused(start, end, piece):
    first, last = sorted((start, end))
    refused_at_most(WHOLE[:first] + piece + WHOLE[first + (last - first) % 40 :])
