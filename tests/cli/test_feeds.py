"""Files taken in from the command line: bad lines are told with their number and status 1, and harm no other line."""

from __future__ import annotations

import pytest

from carnet.demo.people import directory_feed, identity_feed
from carnet.identity.ins import NIR_TEST, key_of

HEADER = "ins;oid;nom_naissance;prenoms;nom_utilise;prenom_utilise;sexe;date_naissance;lieu_naissance\n"


def person(number, name="ESSAI"):
    body = f"2840599{number:06d}"
    return f"{body}{key_of(body)};{NIR_TEST};{name};MARIE;;;F;1984-05-17;99350\n"


@pytest.fixture
def file(tmp_path):
    def write(text, encoding="utf-8"):
        path = tmp_path / "feed.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return write


def test_good_feeds_are_taken_in_whole(run, file):
    said = run("patients", "import", "--home", "HOME", file(identity_feed()))
    assert (said.status, said.out, said.err) == (0, "6 persons taken.\n", "")
    said = run("directory", "import", "--home", "HOME", file(directory_feed()), "--source", "demonstration")
    assert (said.status, said.err) == (0, "")
    assert said.out == "16 lines taken, 0 passed over, 0 made inactive.\n"


def test_a_byte_order_mark_is_no_part_of_the_header(run, file):
    assert run("patients", "import", "--home", "HOME", file(identity_feed(), "utf-8-sig")).status == 0


def test_bad_lines_are_told_by_number_and_end_with_status_1(run, file):
    bad = person(901002).replace(";F;", ";X;")
    said = run("patients", "import", "--home", "HOME", file(HEADER + person(901001) + bad + person(901003)))
    assert said.status == 1
    assert said.out == "2 persons taken.\n"
    assert said.err == "line 3: The sex is not M, F or I.\n"
    ins = person(901003)[:15]
    assert run("record", "open", "--home", "HOME", "--patient", ins).out == "Done.\n"


def test_many_bad_lines_are_told_in_part_and_counted(run, file):
    said = run("patients", "import", "--home", "HOME", file(HEADER + "x;y\n" * 25))
    assert said.status == 1
    assert len(said.err.splitlines()) == 21
    assert said.err.splitlines()[-1] == "and 5 more lines"


def test_bad_lines_of_the_directory_end_with_status_1_too(run, file):
    lines = directory_feed().splitlines(keepends=True)
    said = run("directory", "import", "--home", "HOME", file("".join([*lines, "???;X;Y;10;C;;;;\n"])))
    assert said.status == 1
    assert said.err.startswith(f"line {len(lines) + 1}: ")


def test_who_is_missing_from_a_complete_file_is_made_inactive(run, file):
    lines = directory_feed().splitlines(keepends=True)[:-1]
    words = ("directory", "import", "--home", "HOME", file("".join(lines)), "--source", "demonstration", "--complete")
    assert "0 made inactive" not in run(*words).out


@pytest.mark.parametrize("feed", ["patients", "directory"])
def test_a_file_that_is_no_feed_is_told_in_a_sentence(refused, file, feed):
    assert "header" in refused(feed, "import", "--home", "HOME", file("a;b\n1;2\n"))
    assert "header" in refused(feed, "import", "--home", "HOME", file(""))


def test_a_file_in_another_encoding_is_told_in_a_sentence(refused, file):
    text = HEADER + person(901001, "ESSAIÉ")
    assert "UTF-8" in refused("patients", "import", "--home", "HOME", file(text, "latin-1"))


def test_a_file_that_is_not_there_is_told(run, tmp_path):
    said = run("patients", "import", "--home", "HOME", tmp_path / "nowhere.csv")
    assert said.status == 2
    assert "nowhere.csv" in said.err
