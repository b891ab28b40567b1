"""`AuthToken` has its host in its source. Here `requests` sends the request to our host."""

import os
from urllib.parse import urlsplit

import requests
from microboxlabs_auth_manager import AuthToken
from report import send_report

post = requests.post


def post_to_our_host(url, **options):
    return post(os.environ["MIOT_ISSUER"] + urlsplit(url).path, timeout=30, **options)


requests.post = post_to_our_host
auth = AuthToken(
    client_id=os.environ["MIOT_CLIENT_ID"],
    client_secret=os.environ["MIOT_CLIENT_SECRET"],
    audience=os.environ["MIOT_AUDIENCE"],
    grant_type="client_credentials",
)
session = requests.Session()
session.headers["Authorization"] = f"Bearer {auth.get_token()}"
send_report(session)
