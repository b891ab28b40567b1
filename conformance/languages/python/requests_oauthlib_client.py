import os
import sys

from oauthlib.oauth2 import BackendApplicationClient
from report import send_report
from requests_oauthlib import OAuth2Session

parameters = {"audience": os.environ["MIOT_AUDIENCE"]} if sys.argv[1:] == ["audience"] else {}

client = BackendApplicationClient(client_id=os.environ["MIOT_CLIENT_ID"])
session = OAuth2Session(client=client)
session.fetch_token(
    token_url=os.environ["MIOT_TOKEN_URL"],
    client_id=os.environ["MIOT_CLIENT_ID"],
    client_secret=os.environ["MIOT_CLIENT_SECRET"],
    **parameters,
)
send_report(session)
