"""What the enclosed process can and cannot do, asked of a real one. The control is the same program without the enclosure."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BEFORE = f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
import ctypes, mmap, os, signal, socket, subprocess, threading
from carnet.viewing.enclosure import enclose
library = ctypes.CDLL(None, use_errno=True)
def call(name, *arguments):
    if getattr(library, name)(*arguments) == -1: raise OSError(ctypes.get_errno(), name)
"""
ATTEMPTS = {
    "read a file": "open('/etc/hostname')",
    "write a file": "open('/tmp/' + 'enclosed-' + str(os.getpid()), 'x').close(); os.remove('/tmp/' + 'enclosed-' + str(os.getpid()))",
    "list a folder": "os.listdir('/')",
    "open a socket": "socket.socket()",
    "open a local socket": "socket.socketpair()",
    "start a process": "subprocess.run(['true'], check=True)",
    "fork": "call('fork') or None",
    "become another program": "call('execve', b'/bin/true', None, None)",
    "end another process": "os.kill(os.getppid(), 0)",
    "look into another process": "call('ptrace', 16, os.getppid(), 0, 0)",
    "change its limits": "__import__('resource').setrlimit(__import__('resource').RLIMIT_CPU, (5, 9))",
    "change its folder": "os.chdir('/')",
}


def run(program):
    return subprocess.run([sys.executable, "-I", "-c", BEFORE + program], capture_output=True, check=False, timeout=290)


@pytest.mark.parametrize("name", ATTEMPTS)
def test_an_enclosed_process_cannot(name):
    if name in ("fork", "become another program", "look into another process"):
        attempt = f"try:\n {ATTEMPTS[name]}\nexcept OSError as error:\n os.write(1, str(error.errno).encode())"
    else:
        attempt = f"try:\n {ATTEMPTS[name]}\nexcept (OSError, ValueError) as error:\n os.write(1, str(getattr(error, 'errno', 1) or 1).encode())"
    done = run(f"enclose(1 << 30, 10)\n{attempt}\nos._exit(0)")
    assert (done.returncode, done.stdout) == (0, b"1"), done.stderr


@pytest.mark.parametrize(
    "name", [name for name in ATTEMPTS if name not in ("fork", "become another program", "look into another process")]
)
def test_control_the_same_process_without_the_enclosure_can(name):
    done = run(f"{ATTEMPTS[name]}\nos._exit(0)")
    assert done.returncode == 0, done.stderr


def test_a_process_that_takes_too_much_memory_is_refused_it():
    done = run(
        "enclose(1 << 28, 10)\ntry:\n bytearray(1 << 29)\nexcept MemoryError:\n os.write(1, b'refused')\nos._exit(0)"
    )
    assert done.stdout == b"refused"
    assert run("bytearray(1 << 29)\nos._exit(0)").returncode == 0


def test_a_process_that_computes_too_long_is_ended():
    done = run("enclose(1 << 30, 1)\nwhile True: pass")
    assert done.returncode < 0


def test_threads_of_a_decoder_are_let_in():
    program = "done = []\nthread = threading.Thread(target=done.append, args=(1,))\nthread.start()\nthread.join()"
    assert run(f"enclose(1 << 30, 10)\n{program}\nos.write(1, str(done).encode())\nos._exit(0)").stdout == b"[1]"


def test_a_machine_without_the_enclosure_refuses():
    done = run(
        "import platform; platform.machine = lambda: 'vax'\nfrom carnet.viewing.enclosure import NoEnclosure\n"
        "try:\n enclose(1 << 30, 10)\nexcept NoEnclosure:\n os.write(1, b'refused')\nos._exit(0)"
    )
    assert done.stdout == b"refused"
