"""A real S3 service on loopback: OpenStack Swift from Debian's packages, with its s3api, in a folder of the test's own."""

from __future__ import annotations

import getpass
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from s3_bucket import make_bucket, url_of

KEY_ID, SECRET = "test:tester", "testing"
PROGRAMS = (
    "swift-proxy-server",
    "swift-account-server",
    "swift-container-server",
    "swift-object-server",
    "swift-ring-builder",
)
_SWIFT = "[swift-hash]\nswift_hash_path_suffix = carnet\n[storage-policy:0]\nname = default\ndefault = yes\n"
_STORAGE = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
user = {user}
swift_dir = {folder}
devices = {folder}/disks
mount_check = false
log_address = {folder}/nothing
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
"""
_PROXY = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
user = {user}
swift_dir = {folder}
log_address = {folder}/nothing
[pipeline:main]
pipeline = catch_errors cache bulk s3api tempauth slo proxy-server
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
[filter:bulk]
use = egg:swift#bulk
[filter:s3api]
use = egg:swift#s3api
location = test
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:slo]
use = egg:swift#slo
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
error_suppression_limit = 1000000
"""


def missing():
    """The programs that this machine has not."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


class Swift:
    """One account, container and object server, and the proxy that speaks S3."""

    def __init__(self, folder: Path, free_port):
        self.folder = folder
        self.ports = {kind: free_port() for kind in ("account", "container", "object", "proxy")}
        self.running = {}
        (folder / "disks" / "d1").mkdir(parents=True)
        (folder / "swift.conf").write_text(_SWIFT)
        self._rings()

    def _rings(self):
        for kind in ("account", "container", "object"):
            builder = self.folder / f"{kind}.builder"
            for words in (
                ("create", "4", "1", "0"),
                ("add", f"r1z1-127.0.0.1:{self.ports[kind]}/d1", "1"),
                ("rebalance",),
            ):
                subprocess.run(["swift-ring-builder", builder, *words], check=True, capture_output=True)

    def start(self, *kinds):
        for kind in kinds or self.ports:
            text = (_PROXY if kind == "proxy" else _STORAGE).format(
                port=self.ports[kind], user=getpass.getuser(), folder=self.folder, kind=kind
            )
            file = self.folder / f"{kind}.conf"
            file.write_text(text)
            log = (self.folder / f"{kind}.log").open("ab")
            with log:
                command = [f"swift-{kind}-server", file, "verbose"]
                self.running[kind] = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)
        try:
            for kind in kinds or self.ports:
                self._wait_for(kind)
        except RuntimeError:
            self.stop()
            raise

    def _wait_for(self, kind):
        end = time.monotonic() + 120
        while time.monotonic() < end:
            if self.running[kind].poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", self.ports[kind]), 1).close()
            except OSError:
                time.sleep(0.1)
            else:
                return
        status = self.running[kind].poll()
        told = (self.folder / f"{kind}.log").read_text()[-2_000:]
        raise RuntimeError(f"swift-{kind}-server did not start (status {status}): {told}")

    def stop(self, *kinds, how=signal.SIGKILL):
        for kind in kinds or list(self.running):
            process = self.running.pop(kind)
            process.send_signal(how)
            process.wait(30)

    def make_bucket(self):
        """The bucket of the tests."""
        make_bucket(self.host, KEY_ID, SECRET)

    @property
    def host(self):
        """Where the proxy is."""
        return f"127.0.0.1:{self.ports['proxy']}"

    @property
    def url(self):
        return url_of(self.host)
