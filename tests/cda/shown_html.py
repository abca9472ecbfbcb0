"""HTML as a reader that is not ours sees it: tags, attributes, links, and the text that is not marked as our own."""

from html.parser import HTMLParser

VOID = {"br", "img"}
TAGS = {
    "p",
    "div",
    "span",
    "ul",
    "ol",
    "li",
    "table",
    "caption",
    "thead",
    "tbody",
    "tfoot",
    "tr",
    "td",
    "th",
    "a",
    "sub",
    "sup",
    "br",
    "ins",
    "del",
    "img",
}
ATTRIBUTES = {"id", "lang", "class", "colspan", "rowspan", "scope", "href", "rel", "referrerpolicy", "role", "tabindex"}


class Seen(HTMLParser):
    """The tags, attributes and text of HTML, without the text that is ours; a tag that is not closed in its order is an error."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.text, self.links, self._open = [], set(), [], [], []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value for name, value in attrs if name == "href"]
        if tag not in VOID:
            self._open.append((tag, "ours" in (dict(attrs).get("class") or "").split()))

    def handle_endtag(self, tag):
        assert self._open.pop()[0] == tag

    def handle_data(self, data):
        if not any(ours for _, ours in self._open):
            self.text.append(data)

    def characters(self):
        return "".join("".join(self.text).split())


def shown_text(html):
    """The text of HTML without white space, without what is ours."""
    return Seen(html).characters()
