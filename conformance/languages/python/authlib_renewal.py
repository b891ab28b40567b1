"""Authlib renews a token by itself in its last minute (`leeway`). These tokens live 61 seconds."""

import os
import time

from authlib.integrations.requests_client import OAuth2Session
from report import send_report


def update_token(token, refresh_token=None, access_token=None):
    print(token["access_token"])


session = OAuth2Session(
    os.environ["MIOT_CLIENT_ID"],
    os.environ["MIOT_CLIENT_SECRET"],
    token_endpoint=os.environ["MIOT_TOKEN_URL"],
    grant_type="client_credentials",
    update_token=update_token,
)
print(session.fetch_token()["access_token"])
send_report(session)
time.sleep(3)
send_report(session)
