import os
import sys

from authlib.integrations.requests_client import OAuth2Session
from report import send_report

parameters = {"audience": os.environ["MIOT_AUDIENCE"]} if sys.argv[1:] == ["audience"] else {}

session = OAuth2Session(os.environ["MIOT_CLIENT_ID"], os.environ["MIOT_CLIENT_SECRET"])
session.fetch_token(os.environ["MIOT_TOKEN_URL"], grant_type="client_credentials", **parameters)
send_report(session)
