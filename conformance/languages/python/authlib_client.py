import os

from authlib.integrations.requests_client import OAuth2Session
from report import send_report

session = OAuth2Session(os.environ["MIOT_CLIENT_ID"], os.environ["MIOT_CLIENT_SECRET"])
session.fetch_token(os.environ["MIOT_TOKEN_URL"], grant_type="client_credentials")
send_report(session)
