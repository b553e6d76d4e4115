"""Azure from the machine, with the machine's own identity: a token, a secret of the vault, blobs, custom metrics.

The standard library only.

Only root reaches the metadata service (nftables refuses it to everybody else), so call this as root. Each function tries
`attempts` times and waits `pause` seconds after the first failure, then twice as long each time, at most a minute; what
does not exist (404) is not asked for again.
"""

import datetime
import email.utils
import http.client
import json
import os
import shutil
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree
from collections.abc import Callable
from http.client import HTTPResponse
from typing import IO, Any, TypedDict, TypeVar

from mqtt_saas import durable

T = TypeVar("T")

# Source: "How to use managed identities on an Azure VM to acquire an access token".
METADATA = "http://169.254.169.254"
METADATA_API = "2018-02-01"
VAULT = "https://vault.azure.net"
VAULT_API = "7.4"
STORAGE = "https://storage.azure.com/"
# With the slash at its end: Microsoft Learn, "Ingest custom metrics for an Azure resource using the REST API".
MONITOR = "https://monitoring.azure.com/"
INSTANCE_API = "2021-02-01"
# A version from 2019-12-12 on takes a block blob of 5000 MiB in one request.
BLOB_API = "2021-12-02"
TIMEOUT_SECONDS = 20
LONGEST_PAUSE_SECONDS = 60
# A token this close to its end is asked for again. Seconds.
TOKEN_RESERVE_SECONDS = 300


class Retry(TypedDict):
    """How often something is tried, and how many seconds after the first failure."""

    attempts: int
    pause: float


class Blob(TypedDict):
    """A blob of a container; its size is in bytes."""

    name: str
    last_modified: datetime.datetime
    size: int


class AzureError(Exception):
    """What went wrong, with the address and the HTTP status (None when there was no answer); never a token or a value."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the token to another host. Neither the vault nor Blob ever redirects."""

    def redirect_request(self, *_: object) -> None:
        return None


# Neither the metadata service nor the vault nor Blob is reached through a proxy.
_http = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects())
_tokens: dict[str, tuple[str, float]] = {}


def token(resource: str, attempts: int = 1, pause: float = 1.0) -> str:
    """An access token for `resource`, such as VAULT. Kept until shortly before it ends. The machine has one identity."""
    kept = _tokens.get(resource)
    if kept and kept[1] > time.time() + TOKEN_RESERVE_SECONDS:
        return kept[0]
    query = urllib.parse.urlencode({"api-version": METADATA_API, "resource": resource})
    # METADATA_ENDPOINT: tests outside the machine have the service elsewhere.
    url = f"{os.environ.get('METADATA_ENDPOINT', METADATA)}/metadata/identity/oauth2/token?{query}"
    answer = _again(lambda: _json(url, {"Metadata": "true"}, "access_token"), attempts, pause)
    _tokens[resource] = (answer["access_token"], float(answer.get("expires_on") or 0))
    return str(answer["access_token"])


def vault_secret(vault_uri: str, name: str, attempts: int = 1, pause: float = 1.0) -> str:
    """The value of a secret's newest version."""
    url = f"{vault_uri.rstrip('/')}/secrets/{name}?api-version={VAULT_API}"
    return _again(lambda: str(_json(url, _bearer(VAULT), "value")["value"]), attempts, pause)


def instance(attempts: int = 1, pause: float = 1.0) -> dict[str, Any]:
    """What Azure calls this machine: `resourceId`, `location` and more."""
    url = f"{os.environ.get('METADATA_ENDPOINT', METADATA)}/metadata/instance/compute?api-version={INSTANCE_API}&format=json"
    return _again(lambda: _json(url, {"Metadata": "true"}, "resourceId"), attempts, pause)


def post_metrics(machine: dict[str, Any], points: list[dict[str, Any]], attempts: int = 1, pause: float = 1.0) -> None:
    """Custom metrics of the machine that `instance()` told of, a line each."""
    endpoint = os.environ.get("MONITOR_ENDPOINT") or f"https://{machine['location']}.monitoring.azure.com"
    body = "\n".join(map(json.dumps, points)).encode()

    def send() -> None:
        headers = {**_bearer(MONITOR), "Content-Type": "application/x-ndjson"}
        post(f"{endpoint}{machine['resourceId']}/metrics", headers, body)

    _again(send, attempts, pause)


def post(url: str, headers: dict[str, str], body: bytes = b"", timeout: float = TIMEOUT_SECONDS) -> int:
    """The status of the answer. Raises AzureError, with a status of 400 or more where there was one."""
    return _send(url, headers, read=lambda answer: answer.status, method="POST", body=body, timeout=timeout)


def blob_get(url: str, attempts: int = 1, pause: float = 1.0) -> bytes:
    """A blob's bytes, or the answer of a container."""
    return _again(lambda: _send(url, _blob_headers(), read=lambda answer: answer.read()), attempts, pause)


def blob_get_dated(url: str, attempts: int = 1, pause: float = 1.0) -> tuple[bytes, str]:
    """A blob's bytes, and when it was changed last, in Azure's words."""
    return _again(
        lambda: _send(url, _blob_headers(), read=lambda answer: (answer.read(), answer.headers.get("Last-Modified", ""))),
        attempts,
        pause,
    )


def blob_get_to_file(url: str, path: str, attempts: int = 1, pause: float = 1.0) -> None:
    """Writes a blob to `path` (0600): whole, or not at all."""
    beside = f"{path}.part"

    def save(answer: HTTPResponse) -> None:
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            shutil.copyfileobj(answer, file)
            # Flushes, too.
            size = file.tell()
            os.fsync(file.fileno())
        # A connection that breaks off ends the copy without an error.
        if size != int(answer.headers.get("Content-Length", size)):
            raise http.client.IncompleteRead(b"")

    try:
        _again(lambda: _send(url, _blob_headers(), read=save), attempts, pause)
        durable.rename(beside, path)
    finally:
        if os.path.exists(beside):
            os.remove(beside)


def blob_put_file(url: str, path: str, attempts: int = 1, pause: float = 1.0) -> None:
    """Uploads a file of up to 5000 MiB as a block blob, in place of what was there."""

    def put() -> None:
        with open(path, "rb") as file:
            size = {"Content-Length": str(os.fstat(file.fileno()).st_size), "Content-Type": "application/octet-stream"}
            headers = {**_blob_headers(), **size, "x-ms-blob-type": "BlockBlob"}
            _send(url, headers, method="PUT", body=file, read=lambda answer: answer.read())

    _again(put, attempts, pause)


def blob_list(container_url: str, prefix: str = "", attempts: int = 1, pause: float = 1.0) -> list[Blob]:
    """The container's blobs in order of name."""
    found: list[Blob] = []
    marker = ""
    while True:
        query = urllib.parse.urlencode({"restype": "container", "comp": "list", "prefix": prefix, "marker": marker})
        url = f"{container_url.rstrip('/')}?{query}"
        page = xml.etree.ElementTree.fromstring(blob_get(url, attempts, pause))
        for blob in page.iter("Blob"):
            found.append(
                {
                    "name": blob.findtext("Name", ""),
                    "last_modified": email.utils.parsedate_to_datetime(
                        blob.findtext("Properties/Last-Modified", "")
                    ).astimezone(datetime.UTC),
                    "size": int(blob.findtext("Properties/Content-Length", "")),
                }
            )
        marker = page.findtext("NextMarker") or ""
        if not marker:
            return found


def _bearer(resource: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token(resource)}"}


def _blob_headers() -> dict[str, str]:
    return {**_bearer(STORAGE), "x-ms-version": BLOB_API}


def _json(url: str, headers: dict[str, str], key: str) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = json.loads(_send(url, headers, read=lambda answer: answer.read()))
        answer[key]
        return answer
    except (ValueError, KeyError, TypeError) as error:
        raise AzureError(f"{_plain(url)} answered something without {key}") from error


def _send(
    url: str,
    headers: dict[str, str],
    read: Callable[[HTTPResponse], T],
    method: str = "GET",
    body: IO[bytes] | bytes | None = None,
    timeout: float = TIMEOUT_SECONDS,
) -> T:
    request = urllib.request.Request(url, data=body, headers=headers, method=method)
    try:
        with _http.open(request, timeout=timeout) as answer:
            return read(answer)
    except urllib.error.HTTPError as error:
        with error:
            code = error.headers.get("x-ms-error-code")
        raise AzureError(f"{_plain(url)} answered {error.code}{f' ({code})' if code else ''}", error.code) from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise AzureError(f"{_plain(url)} cannot be reached: {type(error).__name__}: {reason}") from None


def _plain(url: str) -> str:
    return url.split("?")[0]


def _again(work: Callable[[], T], attempts: int, pause: float) -> T:
    for attempt in range(1, attempts + 1):
        try:
            return work()
        except AzureError as error:
            # What is not there is not late: a right that is not in force yet is answered 403.
            if attempt == attempts or error.status == 404:
                raise
            print(f"attempt {attempt} of {attempts}: {error}", file=sys.stderr)
        time.sleep(min(pause * 2 ** (attempt - 1), LONGEST_PAUSE_SECONDS))
    raise ValueError("attempts must be at least 1")
