"""A report, sent by the session of the library under test."""

import os
import time
import uuid
from datetime import datetime, timezone


def send_report(session):
    response = session.post(
        os.environ["MIOT_API_URL"] + "/v1/asset/track",
        json={
            "asset_id": os.environ["ASSET_ID"],
            "timestamp": datetime.now(timezone.utc).isoformat(),
        },
        headers={"X-Request-Id": str(uuid.uuid4()), "X-Request-Timestamp": str(time.time())},
        timeout=30,
    )
    response.raise_for_status()
