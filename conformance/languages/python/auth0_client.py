import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

from auth0.authentication import GetToken

domain = urlsplit(os.environ["MIOT_ISSUER"]).netloc
client_id = os.environ["MIOT_CLIENT_ID"]
if sys.argv[1:] == ["private-key-jwt"]:
    key = Path(os.environ["MIOT_KEY_FILE"]).read_text()
    get_token = GetToken(domain, client_id, client_assertion_signing_key=key)
else:
    get_token = GetToken(domain, client_id, client_secret=os.environ["MIOT_CLIENT_SECRET"])
print(get_token.client_credentials(os.environ["MIOT_AUDIENCE"])["access_token"])
