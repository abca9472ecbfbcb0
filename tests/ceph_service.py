"""A real S3 service on loopback: Ceph from Debian's packages, in a folder of the test's own.

One monitor, one storage daemon that keeps its objects in memory, and the gateway that speaks S3. No manager: nothing here looks at statistics.
"""

from __future__ import annotations

import shutil
import subprocess
import time
import uuid
from pathlib import Path

import httpx
from s3_bucket import make_bucket, url_of

KEY_ID, SECRET = "carnet-tests", "not-a-secret-at-all"
PROGRAMS = ("ceph", "ceph-authtool", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin")
BYTES = 1 << 30
_SETTINGS = """
[global]
fsid = {name}
mon_host = [v2:127.0.0.1:{mon}]
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_ipv4 = true
keyring = {folder}/keyring
run_dir = {folder}
crash_dir = {folder}
admin_socket = {folder}/$name.$pid.asok
log_file = {folder}/$name.log
pid_file = {folder}/$name.$pid.pid
mon_data = {folder}/mon
osd_data = {folder}/osd
rgw_data = {folder}/rgw
mon_data_avail_crit = 0
mon_allow_pool_size_one = true
auth_allow_insecure_global_id_reclaim = false
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
osd_objectstore = memstore
memstore_device_bytes = {bytes}
"""
MON, ADMIN, OSD = (
    ("mon.", ("mon", "allow *")),
    ("client.admin", ("mon", "allow *", "osd", "allow *")),
    ("osd.0", ("mon", "allow profile osd", "osd", "allow *")),
)
LONG = 120
"""Seconds."""


def missing():
    """The programs that this machine has not."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


class Ceph:
    """A cluster of one of each. The gateway can be taken away and brought back; what it stored stays."""

    def __init__(self, folder: Path, free_port):
        self.folder, self.ports = folder, {"mon": free_port(), "gateway": free_port()}
        self.name, self.running = str(uuid.uuid4()), {}
        for place in ("mon", "osd", "rgw"):
            (folder / place).mkdir()
        settings = _SETTINGS.format(name=self.name, mon=self.ports["mon"], folder=folder, bytes=BYTES)
        (folder / "ceph.conf").write_text(settings)
        self._make_keys()

    @property
    def host(self):
        """Where the gateway is."""
        return f"127.0.0.1:{self.ports['gateway']}"

    @property
    def url(self):
        return url_of(self.host)

    def start(self):
        try:
            self._start_monitor()
            self._start_storage()
            self.start_gateway()
            self._run("radosgw-admin", "user", "create", "--uid=carnet", "--display-name=carnet",
                      f"--access-key={KEY_ID}", f"--secret-key={SECRET}")  # fmt: skip
            make_bucket(self.host, KEY_ID, SECRET)
        except BaseException:
            self.stop()
            raise

    def start_gateway(self):
        frontend = f"beast endpoint={self.host}"
        self._launch("gateway", "radosgw", "-n", "client.admin", "-f", "--rgw-frontends", frontend)
        end = time.monotonic() + LONG
        while not self._answers():
            assert time.monotonic() < end, "the gateway does not answer"
            time.sleep(0.1)

    def stop_gateway(self):
        self._end("gateway")

    def stop(self):
        for name in list(self.running):
            self._end(name)

    def _make_keys(self):
        keyring = self.folder / "keyring"
        self._run("ceph-authtool", "--create-keyring", keyring)
        for name, rights in (MON, ADMIN, OSD):
            caps = [word for pair in zip(rights[::2], rights[1::2], strict=True) for word in ("--cap", *pair)]
            self._run("ceph-authtool", keyring, "--gen-key", "-n", name, *caps)

    def _start_monitor(self):
        plan, keyring = self.folder / "monmap", self.folder / "keyring"
        address = f"[v2:127.0.0.1:{self.ports['mon']}]"
        self._run("monmaptool", "--create", "--addv", "a", address, "--fsid", self.name, plan)
        self._run("ceph-mon", "--mkfs", "-i", "a", "--monmap", plan, "--keyring", keyring)
        self._launch("mon", "ceph-mon", "-i", "a", "-f")

    def _start_storage(self):
        mine = str(uuid.uuid4())
        self._run("ceph", "osd", "new", mine, "0")
        self._run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", mine)
        self._launch("osd", "ceph-osd", "-i", "0", "-f")
        self._run("ceph", "osd", "crush", "add", "osd.0", "1.0", "host=here", "root=default")

    def _answers(self):
        assert self.running["gateway"].poll() is None, (self.folder / "gateway.out").read_text()[-2_000:]
        try:
            return httpx.get(f"http://{self.host}/", trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def _run(self, program, *words):
        command = [program, *map(str, words)]
        if program not in {"monmaptool", "ceph-authtool"}:
            command += ["--conf", str(self.folder / "ceph.conf")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=LONG, check=False, cwd=self.folder)
        assert done.returncode == 0, (command, done.stdout[-1_000:], done.stderr[-2_000:])

    def _launch(self, name, *command):
        with (self.folder / f"{name}.out").open("ab") as log:
            words = [*command, "--conf", str(self.folder / "ceph.conf")]
            self.running[name] = subprocess.Popen(words, stdout=log, stderr=log, cwd=self.folder)

    def _end(self, name):
        process = self.running.pop(name)
        process.kill()
        process.wait(30)
