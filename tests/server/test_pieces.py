"""An answer is sent in few pieces, and no document is copied for it."""

from __future__ import annotations

import asyncio

from carnet.server.application import Answer, _send
from carnet.server.pieces import AT_ONCE, put_together


def test_short_pieces_of_an_answer_are_sent_together_and_long_ones_as_they_are():
    long = bytes(AT_ONCE)
    assert list(put_together([b"a", b"b", long, b"", b"c"])) == [b"ab", long, b"c"]
    assert list(put_together([])) == [b""]
    (_, found, _) = put_together([b"a", long, b"b"])
    assert found is long


def test_an_answer_in_many_pieces_arrives_whole():
    chunks = [b"%d;" % number * 3000 for number in range(40)]
    sent = []

    async def send(message):
        sent.append(message)

    asyncio.run(_send(send, Answer(200, "text/plain", chunks, "iti18", "success")))
    start, *bodies = sent
    assert dict(start["headers"])[b"content-length"] == str(sum(map(len, chunks))).encode()
    assert b"".join(body["body"] for body in bodies) == b"".join(chunks)
    assert [body["more_body"] for body in bodies] == [True] * (len(bodies) - 1) + [False]
    assert 1 < len(bodies) < len(chunks)
