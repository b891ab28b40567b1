import os
from pathlib import Path

from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from report import send_report

session = OAuth2Session(
    os.environ["MIOT_CLIENT_ID"],
    Path(os.environ["MIOT_KEY_FILE"]).read_text(),
    token_endpoint_auth_method="private_key_jwt",
)
session.register_client_auth_method(PrivateKeyJWT(os.environ["MIOT_TOKEN_URL"]))
session.fetch_token(os.environ["MIOT_TOKEN_URL"], grant_type="client_credentials")
send_report(session)
