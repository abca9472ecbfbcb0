import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carnet import hardened_xml
from carnet.cda.narrative import safe_html
from carnet.cda.narrative_markup import link_of
from tests.cda.shown_html import ATTRIBUTES, TAGS, Seen


def element(inner):
    return hardened_xml.parse(f'<text xmlns="urn:hl7-org:v3">{inner}</text>'.encode())


def shown(inner):
    return safe_html(element(inner), lambda name: f'<span class="ours">{len(name)}</span>')


def characters(root):
    return "".join("".join(root.xpath(".//text()")).split())


def test_what_the_schema_allows_becomes_its_html():
    html = shown(
        '<paragraph styleCode="Bold">A <content styleCode="italics" ID="x">b</content><br/><sub>2</sub><sup>3</sup></paragraph>'
        '<list listType="ordered"><caption>C</caption><item>un</item></list>'
        '<table><caption>T</caption><thead><tr><th>h</th></tr></thead><tbody><tr><th>r</th><td colspan="2">v</td></tr></tbody></table>'
    )
    assert html == (
        '<p class="bold">A <span id="c-x" class="italic">b</span><br><sub>2</sub><sup>3</sup></p>'
        '<ol><li class="caption">C</li><li>un</li></ol>'
        '<div class="wide" tabindex="0"><table><caption>T</caption><thead><tr><th scope="col">h</th></tr></thead>'
        '<tbody><tr><th scope="row">r</th><td colspan="2">v</td></tr></tbody></table></div>'
    )


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        '<content onclick="alert(1)" style="background:url(https://x)">a</content>',
        '<x:script xmlns:x="http://www.w3.org/1999/xhtml">alert(1)</x:script>',
        '<s:svg xmlns:s="http://www.w3.org/2000/svg" onload="alert(1)"><s:text>t</s:text></s:svg>',
        '<iframe src="javascript:alert(1)"/>',
        '<table onmouseover="alert(1)" background="javascript:alert(1)"><tr><td width="expression(alert(1))">c</td></tr></table>',
        '<content ID="&quot; onload=&quot;alert(1)" styleCode="Bold&quot; onclick=&quot;x">q</content>',
        '<content language="fr&quot; onload=&quot;alert(1)">q</content>',
        '<td scope="row&quot; onclick=&quot;x" colspan="2&quot; onclick=&quot;x">d</td>',
        "&lt;img src=x onerror=alert(1)&gt;",
        '<renderMultiMedia referencedObject="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"/>',
        '<form action="https://x"><input name="a"/></form><meta http-equiv="refresh" content="0;url=https://x"/><base href="https://x"/>',
        "<style>@import 'https://x'</style><link rel='stylesheet' href='https://x'/><object data='x'/><embed src='x'/>",
        "<![CDATA[<script>alert(1)</script>]]>",
    ],
)
def test_nothing_active_passes_and_no_text_is_lost(hostile):
    seen = Seen(shown(hostile))
    assert set(seen.tags) <= TAGS
    assert seen.attributes <= ATTRIBUTES
    assert seen.links == []
    assert seen.characters() == characters(element(hostile))


@pytest.mark.parametrize(
    ("address", "link"),
    [
        ("https://www.e-cancer.fr/a?b=c", "https://www.e-cancer.fr/a?b=c"),
        ("#a3", "#c-a3"),
        ("http://reference/exemple.pdf", ""),
        ("javascript:alert(1)", ""),
        (" jAvAsCript:alert(1)", ""),
        ("data:text/html,<script>", ""),
        ("https://user@host/", ""),
        ("https:///path", ""),
        ("https://host\\@other/", ""),
        ("https://[broken/", ""),
        ("https://host/\u202egpj", ""),
        ("//host/a", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_links_lead_to_https_or_within_the_page(address, link):
    assert link_of(address) == link


def test_a_link_tells_no_referrer_and_one_that_is_refused_leaves_its_text():
    html = shown('<linkHtml href="https://a.fr/b">voir</linkHtml><linkHtml href="Documents/PPV.pdf">ici</linkHtml>')
    assert 'href="https://a.fr/b" rel="noopener noreferrer external" referrerpolicy="no-referrer">voir</a>' in html
    assert '<span>ici</span><span class="ours"> (Documents/PPV.pdf)</span>' in html
    assert "javascript" not in shown('<linkHtml href="javascript:alert(1)">ici</linkHtml>')


def test_a_footnote_stands_where_it_was_written_and_is_referred_to():
    html = shown('a<footnote ID="n1">note</footnote> b<footnoteRef IDREF="n1"/>')
    assert html == (
        'a<span class="ours"> * </span><span id="c-n1" class="footnote" role="note">note</span> b'
        '<sup class="ours"><a href="#c-n1">*</a></sup>'
    )


def test_what_stands_in_the_wrong_place_is_wrapped_where_it_stood():
    html = shown(
        "<table>a<tbody>b<tr>c<td>d</td><paragraph>e</paragraph></tr></tbody></table><list>f<item>g</item></list>"
    )
    assert html == (
        '<div class="wide" tabindex="0"><table><tbody><tr><td>a</td></tr></tbody><tbody><tr><td>b</td></tr>'
        "<tr><td>c</td><td>d</td><td><p>e</p></td></tr></tbody></table></div><ul><li>f</li><li>g</li></ul>"
    )


def test_a_paragraph_that_holds_blocks_is_no_paragraph_of_html():
    assert shown("<paragraph>a<list><item>b</item></list>c</paragraph>") == (
        '<div class="paragraph">a<ul><li>b</li></ul>c</div>'
    )


def test_what_is_nested_without_end_is_flattened_and_kept():
    deep = "<content>" * 150 + "fond" + "</content>" * 150
    seen = Seen(shown(f"{deep}après"))
    assert seen.characters() == "fondaprès"
    assert len(seen.tags) < 70


def test_comments_and_instructions_are_left_out():
    assert shown("a<!-- <script>x</script> -->b<?php x ?>c") == "abc"


NAMES = "paragraph content list item table caption thead tbody tfoot tr td th col colgroup br sub sup linkHtml footnote footnoteRef script x"
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=6)
ATTRIBUTE = st.sampled_from(
    ["ID", "styleCode", "href", "onclick", "align", "colspan", "scope", "language", "listType", "revised", "IDREF"]
)


def trees():
    leaf = WORDS.map(lambda text: re.sub(r"[&<>]", lambda found: f"&#{ord(found[0])};", text))
    value = WORDS.map(lambda text: re.sub(r"[&<>\"]", lambda found: f"&#{ord(found[0])};", text))

    def grown(children):
        inner = st.lists(children, max_size=4).map("".join)
        attributes = st.dictionaries(ATTRIBUTE, value, max_size=2)
        return st.builds(
            lambda name, given, body: (
                f"<{name}{''.join(f' {key}={chr(34)}{text}{chr(34)}' for key, text in given.items())}>{body}</{name}>"
            ),
            st.sampled_from(NAMES.split()),
            attributes,
            inner,
        )

    return st.lists(st.recursive(leaf, grown, max_leaves=30), max_size=3).map("".join)


@settings(derandomize=True, max_examples=300, deadline=None)
@given(trees())
def test_whatever_is_written_comes_out_tame_balanced_and_whole(inner):
    root = element(inner)
    seen = Seen(safe_html(root, lambda _name: ""))
    assert set(seen.tags) <= TAGS
    assert seen.attributes <= ATTRIBUTES
    assert all(link.startswith(("https://", "#c-")) for link in seen.links)
    assert seen.characters() == characters(root)


def test_control_a_narrative_that_is_copied_is_caught():
    copied = Seen('<p onclick="x">a<script>b</script></p>')
    assert not set(copied.tags) <= TAGS
    assert not copied.attributes <= ATTRIBUTES
