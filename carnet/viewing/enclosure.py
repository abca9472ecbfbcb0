"""The enclosure of the process that parses foreign files (Linux): what it may still ask of the kernel, and how much it may take.

After `enclose`, it can compute, take memory up to a bound, read and write what is open already, and end. It cannot open a file or a
socket, start a process, or send a signal: the kernel refuses (seccomp, EPERM). Threads, which decoders start, count towards the same
bounds. There is no way back.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import resource
import struct

_NO_NEW_PRIVILEGES, _SECCOMP, _DUMPABLE, _FILTER = 38, 22, 4, 2
_LOAD, _EQUAL, _AT_LEAST, _HAS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _REFUSE, _UNKNOWN = 0x7FFF0000, 0x80000000, 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
_NUMBER_PLACE, _MACHINE_PLACE, _FIRST_ARGUMENT_PLACE = 0, 4, 16
_CLONE = {"x86_64": 56, "aarch64": 220}
_CLONE3 = 435
"""Hides its flags from the filter: said not to exist, so that the C library takes clone, whose flags are seen."""
_THREAD = 0x10000
"""CLONE_THREAD: a thread of this process, not another process."""
_OTHER_ABI = 0x40000000
"""System calls of x86_64 from this number on are those of the x32 interface, which is not let in."""

_CALLS = {
    # read write close fstat lseek mmap mprotect munmap brk sigaction sigprocmask sigreturn pread writev yield mremap madvise nanosleep
    # getpid exit sigaltstack gettid futex getaffinity clock_gettime clock_nanosleep exit_group set_robust_list getrandom membarrier rseq
    "x86_64": (
        0xC000003E,
        (
            0,
            1,
            3,
            5,
            8,
            9,
            10,
            11,
            12,
            13,
            14,
            15,
            17,
            20,
            24,
            25,
            28,
            35,
            39,
            60,
            131,
            186,
            202,
            204,
            228,
            230,
            231,
            273,
            318,
            324,
            334,
        ),
    ),
    "aarch64": (
        0xC00000B7,
        (
            63,
            64,
            57,
            80,
            62,
            222,
            226,
            215,
            214,
            134,
            135,
            139,
            67,
            66,
            124,
            216,
            233,
            101,
            172,
            93,
            132,
            178,
            98,
            123,
            113,
            115,
            94,
            99,
            278,
            283,
            293,
        ),
    ),
}
"""By machine: its number in the kernel's audit, and the system calls that are let through, in the order of the comment."""


class NoEnclosure(Exception):
    """The kernel or the machine does not offer the enclosure; nothing foreign may be parsed."""


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def enclose(memory: int, cpu_seconds: int) -> None:
    """Encloses this process for good. `memory` bounds its address space, in bytes. Raises NoEnclosure."""
    for what, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 16),
    ):
        resource.setrlimit(what, (most, most))
    instructions = _instructions()
    program = _Program(len(instructions) // 8, instructions)
    kernel = ctypes.CDLL(None, use_errno=True)
    steps = (
        (_DUMPABLE, 0, None),
        (_NO_NEW_PRIVILEGES, 1, None),
        (_SECCOMP, _FILTER, ctypes.byref(program)),
    )
    for option, first, second in steps:
        if kernel.prctl(option, ctypes.c_ulong(first), second, 0, 0) != 0:
            raise NoEnclosure(errno.errorcode.get(ctypes.get_errno(), "?"))


def _instructions() -> bytes:
    """The filter in the kernel's packet language: another machine kills, a call of the table passes, any other is refused."""
    if platform.machine() not in _CALLS:
        raise NoEnclosure(platform.machine())
    machine, calls = _CALLS[platform.machine()]
    lines = [
        (_LOAD, 0, 0, _MACHINE_PLACE),
        (_EQUAL, 1, 0, machine),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER_PLACE),
        (_AT_LEAST, len(calls) + 5, 0, _OTHER_ABI),
        (_EQUAL, 0, 1, _CLONE3),
        (_RETURN, 0, 0, _UNKNOWN),
        (_EQUAL, 0, 2, _CLONE[platform.machine()]),
        (_LOAD, 0, 0, _FIRST_ARGUMENT_PLACE),
        (_HAS, len(calls) + 1, len(calls), _THREAD),
        *((_EQUAL, len(calls) - place, 0, call) for place, call in enumerate(calls)),
        (_RETURN, 0, 0, _REFUSE),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *line) for line in lines)
