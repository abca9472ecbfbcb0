"""Care software that never forgets: what it sent and what was answered stands in a file of its own, whatever becomes of the server.

    python history_client.py ADDRESS CALLER AUTHORITIES HISTORY ENOUGH SUBMISSIONS THREADS SEED

A submission that got no answer is sent again, the same one, until it has an answer. Each line of the history is written before the next
step: `sent` with what the set holds, `unanswered`, `acknowledged`, `refused` with the error.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import random
import sys
import threading
import time
from pathlib import Path

from carnet.client.caller import Caller
from carnet.client.exchange_service import CallFailed, ExchangeService
from carnet.client.feeding import from_cda, submission_of
from carnet.clock import HOUR, system_clock
from carnet.demo import documents
from carnet.demo.documents import Draft
from carnet.demo.people import PATIENTS

SIGNED = 0.1
"""How many of the submissions carry a signed set: signing is most of the client's work."""
MOST_DOCUMENTS = 3
BEFORE_TRYING_AGAIN = 0.3
"""Seconds."""
COME_BACK = {
    f"XDS{side}{what}" for side in ("Registry", "Repository") for what in ("NotAvailable", "Busy", "OutOfResources")
}
"""Errors that say that nothing was done and that trying again is right."""


class History:
    """Lines of JSON, each with the operating system before the client goes on."""

    def __init__(self, path: Path):
        self.file = path.open("ab", buffering=0)
        self.lock = threading.Lock()

    def close(self):
        self.file.close()

    def note(self, what, number, **more):
        with self.lock:
            self.file.write(json.dumps({"what": what, "number": number, "at": time.time(), **more}).encode() + b"\n")


def made(caller, dice):
    patient = dice.choice(PATIENTS)
    created = system_clock() - HOUR
    sent = []
    for number in range(1, dice.randint(1, MOST_DOCUMENTS) + 1):
        draft = Draft(created, patient=patient, title=f"Essai {dice.random()}")
        content = documents.level_1(draft, media_type="text/plain", size=dice.choice((0, 0, 9_000)))
        sent.append(from_cda(content, number=number))
    return submission_of(sent, caller, system_clock(), signed=dice.random() < SIGNED)


def what_it_holds(submission):
    contents = {document.entry_id: document.content for document in submission.documents}
    return {
        "set": submission.submission_set.unique_id,
        "patient": submission.submission_set.patient_id.value,
        "documents": {
            entry.unique_id: hashlib.sha256(contents[entry.entry_uuid]).hexdigest() for entry in submission.entries
        },
    }


def send(service, history, number, submission):
    """Sends until there is an answer."""
    history.note("sent", number, **what_it_holds(submission))
    while True:
        try:
            answer = service.submit(submission)
        except CallFailed as error:
            history.note("unanswered", number, why=error.message)
            time.sleep(BEFORE_TRYING_AGAIN)
            continue
        if answer.errors and {item.code for item in answer.errors} <= COME_BACK:
            history.note("unanswered", number, why=answer.errors[0].code)
            time.sleep(BEFORE_TRYING_AGAIN)
            continue
        if answer.errors:
            history.note("refused", number, why=[item.code + ": " + item.context for item in answer.errors])
        else:
            history.note("acknowledged", number)
        return


def work(way, history, numbers, goes_on, seed):
    address, caller, authorities = way
    caller, dice = Caller.load(Path(caller)), random.Random(seed)
    with ExchangeService(address, caller, authorities) as service:
        for number in itertools.takewhile(goes_on, numbers):
            send(service, history, number, made(caller, dice))


def main(*arguments):
    *way, path, enough, submissions, threads, seed = arguments
    history = History(Path(path))

    def goes_on(number):
        return number < int(submissions) or not Path(enough).exists()

    shares = [itertools.count(share, int(threads)) for share in range(int(threads))]
    workers = [
        threading.Thread(target=work, args=(way, history, share, goes_on, f"{seed}-{number}"))
        for number, share in enumerate(shares)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    history.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
