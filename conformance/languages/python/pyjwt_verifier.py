import os
import sys

import jwt
from jwt import PyJWKClient

issuer = os.environ["MIOT_ISSUER"]
jwks_client = PyJWKClient(issuer + "/.well-known/jwks.json")

for token in sys.stdin.read().split("\n")[:-1]:
    try:
        signing_key = jwks_client.get_signing_key_from_jwt(token)
        jwt.decode(
            token,
            signing_key,
            algorithms=["RS256"],
            audience=os.environ["MIOT_AUDIENCE"],
            issuer=issuer,
        )
        print("accept")
    except jwt.PyJWTError as refused:
        print(refused, file=sys.stderr)
        print("refuse")
