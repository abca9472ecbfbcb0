"""The folder for figures: one a server, and none left of a server that was killed."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from carnet.server.figures_folder import FIGURES, figures_folder

HOLDS = """\
import sys
from pathlib import Path
from carnet.server.figures_folder import figures_folder
with figures_folder(Path(sys.argv[1])) as folder:
    (folder / "gauge_livesum_1.db").write_bytes(b"1")
    print(folder, flush=True)
    sys.stdin.read()
"""


def begun(home):
    """A server of its own that has a folder, and that folder's name."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    return process, process.stdout.readline().strip()


def ended(process):
    process.stdin.close()
    process.stdout.close()
    return process.wait(timeout=60)


def test_two_servers_on_one_home_have_each_their_own_and_leave_nothing(tmp_path):
    with figures_folder(tmp_path) as one:
        process, other = begun(tmp_path)
        assert {entry.name for entry in (tmp_path / FIGURES).iterdir()} == {one.name, Path(other).name}
        assert ended(process) == 0
        assert one.is_dir()
    assert list((tmp_path / FIGURES).iterdir()) == []


def test_what_a_killed_server_left_goes_at_the_next_start_and_nothing_of_a_living_one(tmp_path):
    killed, _left = begun(tmp_path)
    living, kept = begun(tmp_path)
    killed.send_signal(signal.SIGKILL)
    assert ended(killed) == -signal.SIGKILL
    assert len(list((tmp_path / FIGURES).iterdir())) == 2
    with figures_folder(tmp_path) as mine:
        assert {entry.name for entry in (tmp_path / FIGURES).iterdir()} == {mine.name, Path(kept).name}
        assert list(Path(kept).iterdir())
    assert ended(living) == 0
