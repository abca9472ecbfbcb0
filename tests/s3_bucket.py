"""Making a bucket in a real S3 service: the client under test never makes one."""

from __future__ import annotations

import hashlib
import hmac
import time

import httpx

BUCKET, REGION = "documents", "test"


def make_bucket(host, key_id, secret):
    """PUT /documents to `host` (address:port), signed by hand (AWS Signature Version 4)."""
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    digest, scope = hashlib.sha256(b"").hexdigest(), f"{now[:8]}/{REGION}/s3/aws4_request"
    headers = {"host": host, "x-amz-content-sha256": digest, "x-amz-date": now}
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    canonical = f"PUT\n/{BUCKET}\n\n{lines}\n{names}\n{digest}"
    text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), "sha256").digest()
    signature = hmac.new(key, text.encode(), "sha256").hexdigest()
    said = f"AWS4-HMAC-SHA256 Credential={key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    answer = httpx.put(f"http://{host}/{BUCKET}", headers={**headers, "authorization": said}, trust_env=False)
    answer.raise_for_status()


def url_of(host):
    """The setting `documents_url` of that bucket."""
    return f"s3+http://{host}/{BUCKET}?region={REGION}"
