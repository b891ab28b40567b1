#!/bin/sh
# Prints the encryption key of ModularIoT, decrypted in an HSM or any other PKCS#11 token:
#   MIOT_ENCRYPTION_KEY_COMMAND="/etc/modulariot/pkcs11-key.sh /etc/modulariot/hsm"
# The directory holds pin and encryption-key.enc. PKCS11_MODULE is the path of the token's library,
# PKCS11_TOKEN the label of the token. The PIN is passed in the environment: every user of the
# machine can list arguments. docs/operations.md says how to make the two files.
set -eu
PIN=$(cat "$1/pin")
export PIN
exec pkcs11-tool --module "${PKCS11_MODULE:?}" --token-label "${PKCS11_TOKEN:?}" \
  --login --pin env:PIN --id 01 --decrypt --mechanism RSA-PKCS-OAEP --hash-algorithm SHA-1 \
  --input-file "$1/encryption-key.enc"
