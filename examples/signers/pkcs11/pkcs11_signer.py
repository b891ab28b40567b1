#!/usr/bin/env python3
"""An external signer for ModularIoT whose keys are made in a PKCS#11 token and never leave it.

    pip install -r requirements.txt
    python3 pkcs11_signer.py --module /usr/lib/softhsm/libsofthsm2.so --token modulariot --pin-file pin

It speaks the protocol of docs/signer-protocol.md. A key is found again by its CKA_ID, which is the
reference. If the token is lost, the program ends, and `miot` starts it again.
"""

import argparse
import base64
import hashlib
import json
import os
import secrets
import stat
import subprocess
import sys
import threading

import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism, MechanismFlag, MGF, ObjectClass
from pkcs11.exceptions import NoSuchKey, PKCS11Error

LABEL = "modulariot"
P256 = bytes.fromhex("06082a8648ce3d030107")
# The PrintableString "edwards25519" (PKCS#11 3.0, section 2.3.10).
ED25519 = bytes.fromhex("130c") + b"edwards25519"
PSS = (Mechanism.SHA256, MGF.SHA256, 32)

# Another process may write to the token at the same moment, which SoftHSM refuses.
CREATE_ATTEMPTS = 3

# Not extractable, not readable, and for signatures only.
PRIVATE = {
    Attribute.SENSITIVE: True,
    Attribute.EXTRACTABLE: False,
    Attribute.PRIVATE: True,
}


def sign_rs256(key, data):
    return key.sign(data, mechanism=Mechanism.SHA256_RSA_PKCS)


def sign_ps256(key, data):
    return key.sign(data, mechanism=Mechanism.SHA256_RSA_PKCS_PSS, mechanism_param=PSS)


def sign_es256(key, data):
    return key.sign(hashlib.sha256(data).digest(), mechanism=Mechanism.ECDSA)


def sign_eddsa(key, data):
    return key.sign(data, mechanism=Mechanism.EDDSA)


# What the token must offer: to make a key, and to sign.
ALGORITHMS = {
    "RS256": (sign_rs256, Mechanism.RSA_PKCS_KEY_PAIR_GEN, Mechanism.SHA256_RSA_PKCS),
    "PS256": (sign_ps256, Mechanism.RSA_PKCS_KEY_PAIR_GEN, Mechanism.SHA256_RSA_PKCS_PSS),
    "ES256": (sign_es256, Mechanism.EC_KEY_PAIR_GEN, Mechanism.ECDSA),
    "EdDSA": (sign_eddsa, Mechanism.EC_EDWARDS_KEY_PAIR_GEN, Mechanism.EDDSA),
}


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def generate(session, alg, key_id):
    options = {
        "id": key_id,
        "label": LABEL,
        "store": True,
        "capabilities": MechanismFlag.SIGN | MechanismFlag.VERIFY,
        "private_template": PRIVATE,
    }
    if alg in ("RS256", "PS256"):
        return session.generate_keypair(KeyType.RSA, 2048, **options)
    curve, key_type = (P256, KeyType.EC) if alg == "ES256" else (ED25519, KeyType.EC_EDWARDS)
    parameters = session.create_domain_parameters(
        key_type, {Attribute.EC_PARAMS: curve}, local=True
    )
    return parameters.generate_keypair(mechanism=ALGORITHMS[alg][1], **options)


def public_jwk(alg, public):
    if alg in ("RS256", "PS256"):
        n, e = public[Attribute.MODULUS], public[Attribute.PUBLIC_EXPONENT]
        return {"kty": "RSA", "n": base64url(n.lstrip(b"\0")), "e": base64url(e.lstrip(b"\0"))}
    # Most tokens wrap the point into a DER OCTET STRING, some do not: its end is the same.
    point = public[Attribute.EC_POINT]
    if alg == "ES256":
        return {"kty": "EC", "crv": "P-256", "x": base64url(point[-64:-32]), "y": base64url(point[-32:])}
    return {"kty": "OKP", "crv": "Ed25519", "x": base64url(point[-32:])}


def create(session, alg):
    if alg not in ALGORITHMS:
        raise ValueError(f"there is no {alg}")
    key_id = secrets.token_bytes(16)
    public, private = generate(session, alg, key_id)
    if private[Attribute.EXTRACTABLE] or not private[Attribute.SENSITIVE]:
        public.destroy()
        private.destroy()
        raise ValueError("the token made a key that can leave it")
    return {"reference": key_id.hex(), "public_jwk": public_jwk(alg, public)}


class Signer:
    def __init__(self, session, algorithms, create_elsewhere):
        self.session = session
        self.algorithms = algorithms
        self.create_elsewhere = create_elsewhere
        self.keys = {}
        self.output = threading.Lock()
        self.creating = threading.Lock()

    def answer(self, call_id, members):
        with self.output:
            sys.stdout.write(json.dumps({"id": call_id, **members}) + "\n")
            sys.stdout.flush()

    def key(self, reference):
        if reference not in self.keys:
            self.keys[reference] = self.session.get_key(
                object_class=ObjectClass.PRIVATE_KEY, id=bytes.fromhex(reference)
            )
        return self.keys[reference]

    def handle(self, call):
        operation = call["op"]
        if operation == "hello":
            return {"protocol": 1, "algorithms": self.algorithms}
        if operation == "sign":
            signature = self.sign(call["reference"], call["alg"], from_base64url(call["input"]))
            return {"signature": base64url(signature)}
        if operation == "destroy":
            self.keys.pop(call["reference"], None)
            for found in list(
                self.session.get_objects({Attribute.ID: bytes.fromhex(call["reference"])})
            ):
                found.destroy()
            return {}
        raise ValueError(f"there is no {operation}")

    def create(self, call):
        """Beside the signatures: a token may take seconds for an RSA key."""
        command = [*self.create_elsewhere, "--create", call["alg"]]
        with self.creating:
            for _ in range(CREATE_ATTEMPTS):
                done = subprocess.run(
                    command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
                )
                if done.returncode == 0:
                    self.answer(call["id"], json.loads(done.stdout))
                    return
        self.answer(call["id"], {"error": (done.stderr.strip().splitlines() or ["failed"])[-1]})

    def sign(self, reference, alg, data):
        sign = ALGORITHMS[alg][0]
        try:
            return sign(self.key(reference), data)
        except NoSuchKey:
            raise
        except PKCS11Error:
            # A handle that has become invalid, as when another process wrote to the token.
            self.keys.pop(reference, None)
            return sign(self.key(reference), data)

    def run(self):
        # The end of the input ends the program.
        for line in sys.stdin:
            call = json.loads(line)
            if call["op"] == "create":
                threading.Thread(target=self.create, args=[call], daemon=True).start()
                continue
            try:
                members = self.handle(call)
            except NoSuchKey:
                members = {"error": f"the token has no key {call['reference']}"}
            except (KeyError, ValueError) as error:
                members = {"error": str(error)}
            # Any other fault of the token ends the program.
            self.answer(call["id"], members)


def read_pin(path):
    if stat.S_IMODE(os.stat(path).st_mode) & 0o077:
        sys.exit(f"{path} can be read by other users: chmod 600 {path}")
    with open(path, encoding="utf-8") as file:
        return file.read().strip()


def main():
    parser = argparse.ArgumentParser(description="Signs with keys in a PKCS#11 token.")
    parser.add_argument("--module", required=True, help="the library of the token")
    parser.add_argument("--token", required=True, help="the label of the token")
    parser.add_argument("--pin-file", required=True, help="a file that only this user can read")
    parser.add_argument("--create", choices=ALGORITHMS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    try:
        token = pkcs11.lib(options.module).get_token(token_label=options.token)
        offered = set(token.slot.get_mechanisms())
        algorithms = [alg for alg, (_, *needed) in ALGORITHMS.items() if offered >= set(needed)]
        with token.open(user_pin=read_pin(options.pin_file), rw=True) as session:
            if options.create:
                print(json.dumps(create(session, options.create)))
            else:
                Signer(session, algorithms, [sys.executable, *sys.argv]).run()
    except PKCS11Error as error:
        # Its type says what happened; most have no message.
        sys.exit(f"{type(error).__name__} {error}".strip())


if __name__ == "__main__":
    main()
