"""A protocol double of S3: so much of it as a client needs, over HTTP on loopback, with faults to order.

`faults` is a function (method, key) -> name of a fault, or None:

    503        answers so and does nothing
    lost       says 200 to a PUT and keeps nothing
    late       breaks the connection off; the PUT is done when `settle` is called
    duplicate  does the PUT, and once more when `settle` is called
    truncated  a PUT is kept in half and answered with 200; a GET breaks off half way
    wrong      one byte of a PUT is kept otherwise than it came, of a GET sent otherwise than it is kept
    hang       answers when `settle` is called, or the double closes
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import re
import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

KEY_ID, SECRET = "carnet-tests", "not-a-secret-at-all"


class S3Double:
    """One bucket, named `documents`."""

    def __init__(self, *, context=None):
        self.objects = {}
        self.parts = {}
        self.calls = []
        self.later = []
        self.faults = lambda method, key: None
        self.released = threading.Event()
        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"double": self}))
        self.server.daemon_threads = True
        if context is not None:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.scheme = "s3+http" if context is None else "s3+https"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.server.server_address[1]}/documents?region=test"

    def settle(self):
        """What was late, or comes twice, arrives; what hangs goes on."""
        self.released.set()
        for key, body in self.later:
            self.objects[key] = body
        self.later.clear()

    def count(self, method, beginning=""):
        return sum(1 for called, key in self.calls if called == method and key.startswith(beginning))

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    double: S3Double

    def log_message(self, *arguments):
        pass

    def handle(self):
        with contextlib.suppress(ConnectionError):
            super().handle()

    def do_GET(self):
        self._dispatch()

    def _dispatch(self):
        parts = urlsplit(self.path)
        self.query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        bucket, _, key = unquote(parts.path).lstrip("/").partition("/")
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with self.double.lock:
            self.double.calls.append((self.command, key))
            fault = self.double.faults(self.command, key)
        if not signed(self, parts):
            return self._answer(403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>")
        if bucket != "documents":
            return self._answer(404, b"<Error><Code>NoSuchBucket</Code></Error>")
        if fault == "503":
            return self._answer(503, b"<Error><Code>SlowDown</Code></Error>")
        if fault == "hang":
            self.double.released.wait()
        return getattr(self, f"_{self.command.lower()}")(key, fault)

    def _put(self, key, fault):
        if "uploadId" in self.query:
            parts = self.double.parts.get(self.query["uploadId"])
            if parts is None:
                return self._answer(404, b"<Error><Code>NoSuchUpload</Code></Error>")
            parts[int(self.query["partNumber"])] = self.body
            return self._answer(200, b"", ETag=etag(self.body))
        return self._keep(key, self.body, fault) and self._answer(200, b"", ETag=etag(self.body))

    def _keep(self, key, body, fault):
        """Whether an answer is to be sent."""
        if fault == "late":
            self.double.later.append((key, body))
            self.close_connection = True
            return False
        if fault == "duplicate":
            self.double.later.append((key, body))
        if fault == "truncated":
            body = body[: len(body) // 2]
        if fault == "wrong":
            body = flipped(body)
        if fault != "lost":
            self.double.objects[key] = body
        return True

    def _post(self, key, fault):
        if "uploads" in self.query:
            upload = secrets.token_hex(8)
            self.double.parts[upload] = {}
            answer = f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>"
            return self._answer(200, answer.encode())
        if "delete" in self.query:
            names = re.findall(r"<Key>([^<]*)</Key>", self.body.decode())
            for name in names:
                self.double.objects.pop(name, None)
            deleted = "".join(f"<Deleted><Key>{name}</Key></Deleted>" for name in names)
            return self._answer(200, f"<DeleteResult>{deleted}</DeleteResult>".encode())
        parts = self.double.parts.pop(self.query["uploadId"])
        whole = b"".join(parts[number] for number in sorted(parts))
        if not self._keep(key, whole, fault):
            return None
        answer = f"<CompleteMultipartUploadResult><ETag>{escape(etag(whole))}</ETag></CompleteMultipartUploadResult>"
        return self._answer(200, answer.encode())

    def _delete(self, key, fault):
        if "uploadId" in self.query:
            self.double.parts.pop(self.query["uploadId"], None)
        else:
            self.double.objects.pop(key, None)
        return self._answer(204, b"")

    def _head(self, key, fault):
        return self._get(key, fault)

    def _get(self, key, fault):
        if not key:
            return self._list()
        content = self.double.objects.get(key)
        if content is None:
            return self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        about = {"ETag": etag(content), "Last-Modified": "Sun, 22 Nov 2026 10:00:00 GMT", "Accept-Ranges": "bytes"}
        status, part = 200, content
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if asked:
            start, end = int(asked[1]), min(int(asked[2]), len(content) - 1)
            if start >= len(content):
                return self._answer(416, b"<Error><Code>InvalidRange</Code></Error>")
            status, part = 206, content[start : end + 1]
            about["Content-Range"] = f"bytes {start}-{end}/{len(content)}"
        if fault == "wrong":
            part = flipped(part)
        return self._answer(status, part, cut=fault == "truncated", **about)

    def _list(self):
        prefix, after = self.query.get("prefix", ""), self.query.get("start-after", "")
        after = self.query.get("continuation-token", after)
        names = sorted(name for name in self.double.objects if name.startswith(prefix) and name > after)
        page, rest = names[:1_000], names[1_000:]
        rows = "".join(
            f"<Contents><Key>{escape(name)}</Key><LastModified>2026-11-22T10:00:00.000Z</LastModified>"
            f"<ETag>{escape(etag(self.double.objects[name]))}</ETag><Size>{len(self.double.objects[name])}</Size></Contents>"
            for name in page
        )
        more = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if rest else ""
        truncated = "true" if rest else "false"
        self._answer(
            200, f"<ListBucketResult><IsTruncated>{truncated}</IsTruncated>{more}{rows}</ListBucketResult>".encode()
        )

    def _answer(self, status, body, *, cut=False, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[: len(body) // 2] if cut else body)
        if cut:
            self.close_connection = True


for _method in ("PUT", "HEAD", "DELETE", "POST"):
    setattr(_Handler, f"do_{_method}", _Handler.do_GET)


def etag(content):
    return f'"{hashlib.md5(content).hexdigest()}"'


def flipped(content):
    return bytes([content[0] ^ 1]) + content[1:] if content else content


def signed(request, parts):
    """Whether the request's AWS Signature Version 4 is that of the one who may (and its body the one that was signed)."""
    form = r"AWS4-HMAC-SHA256 Credential=([^/]+)/([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]+)"
    found = re.fullmatch(form, request.headers.get("Authorization", ""))
    if not found or found[1] != KEY_ID:
        return False
    scope, names = found[2], found[3].split(";")
    digest = request.headers.get("x-amz-content-sha256", "")
    if digest != hashlib.sha256(request.body).hexdigest():
        return False
    headers = "".join(f"{name}:{' '.join((request.headers.get(name) or '').split())}\n" for name in names)
    query = "&".join(sorted(part if "=" in part else part + "=" for part in parts.query.split("&") if part))
    canonical = "\n".join([request.command, parts.path, query, headers, ";".join(names), digest])
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join(["AWS4-HMAC-SHA256", request.headers["x-amz-date"], scope, hashed])
    key = f"AWS4{SECRET}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), "sha256").digest()
    return hmac.compare_digest(hmac.new(key, text.encode(), "sha256").hexdigest(), found[4])
