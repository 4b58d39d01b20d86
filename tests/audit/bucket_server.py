"""A real S3 server that speaks HTTP, for the length of a test."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

__all__ = ["bucket_server"]


@contextmanager
def bucket_server(monkeypatch: pytest.MonkeyPatch, bucket: str = "audit") -> Iterator[str]:
    """Start one with an empty bucket and point this process at it; the URL of the bucket."""
    pytest.importorskip("s3fs", reason="the extra [s3] is not installed")
    server = pytest.importorskip("moto.server", reason="moto is not installed")
    import boto3

    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    try:
        boto3.client("s3").create_bucket(Bucket=bucket)
        # Buckets outlive their server within one process: everybody gets a corner of their own.
        yield f"s3://{bucket}/{uuid.uuid4().hex[:8]}"
    finally:
        running.stop()
