"""Reading the words of a picture by Tesseract, which Debian packages: a process of its own, with bounds of time, memory and files, fed by its input.

It only ever gets a grey picture in the simplest format there is (PGM), written by the enclosed process and measured by us: none of its decoders
of foreign formats is reached.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from functools import cache

from carnet.viewing.plain_text import cleaned

LANGUAGE = "fra"
_SECONDS = 60
_MEMORY = 1024 * 1024 * 1024
_ANSWER = 1_000_000
_HEAD = re.compile(rb"P5 (\d{1,5}) (\d{1,5}) 255\n")
_RESTRAINED = f"""
import os, resource, sys
for what, most in ((resource.RLIMIT_AS, {_MEMORY}), (resource.RLIMIT_CPU, {_SECONDS}), (resource.RLIMIT_FSIZE, 0),
                   (resource.RLIMIT_CORE, 0), (resource.RLIMIT_NOFILE, 32)):
    resource.setrlimit(what, (most, most))
os.nice(10)
os.execv(sys.argv[1], ["tesseract", "stdin", "stdout", "-l", "{LANGUAGE}", "--psm", "3"])
"""
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/nonexistent", "OMP_THREAD_LIMIT": "1"}


class Tesseract:
    """The program at a path."""

    def __init__(self, program: str) -> None:
        self.program = program

    def read(self, picture: bytes) -> str | None:
        """See OpticalReader: None for what is no PGM, and when the program fails or takes too long."""
        if not is_plain_picture(picture):
            return None
        try:
            answer = subprocess.run(  # noqa: S603 - a program of the system's, nothing of the file in its arguments
                [sys.executable, "-I", "-c", _RESTRAINED, self.program],
                input=picture,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=_SECONDS,
                env=_ENVIRONMENT,
                cwd="/",
                check=False,
            )
        except (subprocess.TimeoutExpired, OSError):
            return None
        if answer.returncode != 0:
            return None
        return cleaned(answer.stdout[:_ANSWER].decode("utf-8", "replace"))[0]


def is_plain_picture(content: bytes) -> bool:
    """Whether this is a whole PGM of eight bits, as the enclosed process writes them."""
    head = _HEAD.match(content)
    return head is not None and len(content) - head.end() == int(head[1]) * int(head[2]) > 0


@cache
def installed_reader() -> Tesseract | None:
    """The optical reader of this machine, with its French; None where either is not installed. Looked for once a process."""
    program = shutil.which("tesseract")
    if program is None:
        return None
    try:
        known = subprocess.run(  # noqa: S603 - as above
            [program, "--list-langs"], capture_output=True, timeout=_SECONDS, env=_ENVIRONMENT, cwd="/", check=False
        )
    except (subprocess.TimeoutExpired, OSError):
        return None
    return Tesseract(program) if LANGUAGE in known.stdout.decode("ascii", "replace").split() else None
