"""`python -m bench.enrolment [PEOPLE]`: how many people a second an affiliation file of fictitious people is taken in, on a fresh home.

Says the rate by the wall clock, and by the processor time of this one process, which other work on the machine does not change.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
import time
from pathlib import Path

from carnet.demo.stage import set_stage
from carnet.identity.ins import NIR_TEST, key_of
from carnet.platform import build
from carnet.record.enrolment import enrol_file
from carnet.record.gate import Gate
from carnet.soap.ebrim_render import EbrimRenderer

HEADER = "ins;oid;nom_naissance;prenoms;sexe;date_naissance;lieu_naissance;territoire;canal;dmp_avant_2022\n"
USUAL = 20_000


def line(number: int) -> str:
    """One person of a commune that does not exist; numbers up to 2,000,000 give different INS."""
    rest, order = divmod(number, 1_000)
    rest, commune = divmod(rest, 100)
    sex, year = rest % 2 + 1, 40 + rest // 2
    body = f"{sex}{year:02d}0699{900 + commune:03d}{order:03d}"
    return f"{body}{key_of(body)};{NIR_TEST};ESSAI;PERSONNE;F;1984-05-17;99350;80;courriel;non\n"


def main() -> int:
    """Runs the measure."""
    people = int(sys.argv[1]) if len(sys.argv) > 1 else USUAL
    lines = [HEADER, *(line(number) for number in range(people))]
    digest = hashlib.sha256("".join(lines).encode()).hexdigest()
    with tempfile.TemporaryDirectory() as directory:
        platform = build(set_stage(Path(directory) / "home", port=1).settings, EbrimRenderer())
        try:
            wall, processor = time.perf_counter(), time.process_time()
            enrolled = enrol_file(Gate(platform), lines, digest, operator="operator:bench")
            wall, processor = time.perf_counter() - wall, time.process_time() - processor
        finally:
            platform.close()
    print(f"{enrolled.progress.informed} people informed, {len(enrolled.bad)} bad lines")
    print(
        f"{people / wall:,.0f} people a second by the wall clock, {people / processor:,.0f} a second of processor time"
    )
    return 0 if enrolled.progress.informed == people else 1


if __name__ == "__main__":
    sys.exit(main())
