"""ModularIoT from Python: a cached token, one report, and a batch whose retries cannot double.

Needs Python 3.9 or newer, and nothing else. Run it with the settings that `npm start` wrote:

    set -a; . data/quickstart.env; set +a; python3 examples/python/client.py
"""

import json
import os
import random
import sys
import threading
import time
import uuid
from datetime import datetime, timedelta, timezone
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

MAX_TRIES = 5
BASE_DELAY_SECONDS = 0.5
TIMEOUT_SECONDS = 10
# Beside failures of the network. 502 and 504 come from a proxy in front of the server.
RETRYABLE = {429, 502, 503, 504}
# No connection, no answer in time, or an answer that was cut off.
NETWORK_FAILURES = (OSError, HTTPException)


class Refused(Exception):
    """An answer that will be the same next time, or the last of several tries."""


class NoRedirects(HTTPRedirectHandler):
    """A redirect could carry the token elsewhere."""

    def redirect_request(self, *args):
        return None


class Client:
    """May be shared by threads: however many wait for a token, one login runs."""

    def __init__(self, token_url, api_url, client_id, client_secret, audience):
        self._token_url = token_url
        self._api_url = api_url
        self._credentials = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": client_secret,
            "audience": audience,
        }
        self._opener = build_opener(NoRedirects)
        self._lock = threading.Lock()
        self._token = None
        self._usable_until = 0.0

    def track(self, report):
        return self._send("/v1/asset/track", report)

    def track_batch(self, reports):
        return self._send("/v1/asset/track/batch", reports)

    def _send(self, path, body):
        """Posts a body under one request id, however many tries that takes."""
        request_id = str(uuid.uuid4())
        data = json.dumps(body).encode()
        for is_second in (False, True):
            token = self._get_token()
            status, text = self._post_with_retries(
                self._api_url + path,
                data,
                lambda: {
                    "Authorization": f"Bearer {token}",
                    "Content-Type": "application/json",
                    "X-Request-Id": request_id,
                    "X-Request-Timestamp": str(time.time()),
                },
            )
            if status == 200:
                return json.loads(text)
            if status != 401 or is_second:
                raise Refused(f"{path}: {status} {text}")
            self._forget(token)

    def _get_token(self):
        with self._lock:
            if self._token is None or time.monotonic() >= self._usable_until:
                self._log_in()
            return self._token

    def _forget(self, token):
        """Drops this token, and no other: another thread may have replaced it since."""
        with self._lock:
            if self._token == token:
                self._token = None

    def _log_in(self):
        started = time.monotonic()
        form = urlencode(self._credentials).encode()
        status, text = self._post_with_retries(self._token_url, form, dict)
        if status != 200:
            raise Refused(f"login: {status} {text}")
        answer = json.loads(text)
        expires_in = answer["expires_in"]
        usable_seconds = min(answer.get("refresh_in", expires_in), expires_in - 60)
        self._token = answer["access_token"]
        self._usable_until = started + usable_seconds

    def _post_with_retries(self, url, data, make_headers):
        """Repeats what may pass; returns or raises the outcome of the last try."""
        for failures in range(1, MAX_TRIES + 1):
            retry_after = 0.0
            try:
                status, headers, text = self._post(url, data, make_headers())
                if status not in RETRYABLE or failures == MAX_TRIES:
                    return status, text
                retry_after = seconds_in(headers.get("Retry-After"))
            except NETWORK_FAILURES:
                if failures == MAX_TRIES:
                    raise
            backoff = BASE_DELAY_SECONDS * 2 ** (failures - 1) * random.uniform(0.5, 1)
            time.sleep(max(backoff, retry_after * random.uniform(1, 1.25)))

    def _post(self, url, data, headers):
        request = Request(url, data=data, headers=headers, method="POST")
        try:
            with self._opener.open(request, timeout=TIMEOUT_SECONDS) as response:
                return response.status, response.headers, response.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.headers, error.read().decode(errors="replace")


def seconds_in(retry_after):
    return float(retry_after) if retry_after and retry_after.isdecimal() else 0.0


def setting(name):
    value = os.environ.get(name)
    if not value:
        sys.exit(f"{name} is not set")
    return value


def secure_url(name):
    """Secrets and tokens leave this machine over TLS only."""
    url = urlsplit(setting(name))
    is_local = url.hostname in ("localhost", "127.0.0.1", "::1")
    if url.scheme == "https" or (url.scheme == "http" and is_local):
        return url.geturl()
    sys.exit(f"{name} must be an https: URL")


def reading(latitude, age_seconds=0):
    taken_at = datetime.now(timezone.utc) - timedelta(seconds=age_seconds)
    return {
        "asset_id": os.environ.get("ASSET_ID", "TRUCK-001"),
        "timestamp": taken_at.isoformat(),
        "gps": {"latitude": latitude, "longitude": -70.66},
    }


def main():
    client = Client(
        token_url=secure_url("MIOT_TOKEN_URL"),
        api_url=secure_url("MIOT_API_URL"),
        client_id=setting("MIOT_CLIENT_ID"),
        client_secret=setting("MIOT_CLIENT_SECRET"),
        audience=setting("MIOT_AUDIENCE"),
    )
    client.track(reading(-33.45))
    print("report kept")

    # The last one is wrong on purpose. The keys let you cut the backlog differently next time.
    backlog = [reading(-33.46, 30), reading(-33.47, 20), reading(123, 10)]
    answer = client.track_batch([{**r, "idempotency_key": str(uuid.uuid4())} for r in backlog])
    refused = [result for result in answer["results"] if result["code"] != 200]
    print(f"batch: {len(backlog) - len(refused)} of {len(backlog)} kept")
    for result in refused:
        faults = json.dumps(result.get("errors", {}))
        print(f"item {result['index']} refused: {result['code']} {result['message']} {faults}")


if __name__ == "__main__":
    try:
        main()
    except (Refused, *NETWORK_FAILURES) as error:
        sys.exit(str(error))
