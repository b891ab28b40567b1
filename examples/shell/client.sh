#!/bin/sh
# ModularIoT from a shell: a cached token, one report, and a batch whose retries cannot double.
# Needs curl and jq 1.6 or newer. Run it with the settings that `npm start` wrote:
#
#   set -a; . data/quickstart.env; set +a; sh examples/shell/client.sh
#
# curl reads secrets and tokens from its standard input: other users see a command's arguments.

set -eu
umask 077

MAX_TRIES=5
TIMEOUT_SECONDS=10

TOKEN='' # Beside the second, by the clock of the machine, until which it is used.
USABLE_UNTIL=0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

# Secrets and tokens leave this machine over TLS only.
require_secure() { # name, URL
  case $2 in
    http://*@*) fail "$1 must not hold a user name" ;;
    https://* | http://localhost | http://127.0.0.1 | 'http://[::1]') ;;
    http://localhost[:/]* | http://127.0.0.1[:/]* | 'http://[::1]'[:/]*) ;;
    *) fail "$1 must be an https: URL" ;;
  esac
}

new_id() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }

# Waits before the next try: a doubling time, spread, and never less than Retry-After.
back_off() { # failures
  retry_after=$(sed -n 's/^[Rr]etry-[Aa]fter: *\([0-9]\{1,\}\)[^0-9]*$/\1/p' "$work/headers")
  chance=$(od -An -N2 -tu2 /dev/urandom)
  sleep "$(awk -v n="$1" -v after="${retry_after:-0}" -v chance="$chance" 'BEGIN {
    chance /= 65536
    own = 0.5 * 2 ^ (n - 1) * (0.5 + chance / 2)
    after *= 1 + chance / 4
    print (own > after ? own : after)
  }')"
}

# Posts, and repeats what may pass. Leaves the status in STATUS and the answer in $work/answer.
# Headers and secrets come as options of curl in $work/secrets. 000 is a failure of the network.
post() { # url, options of curl…
  url=$1
  shift
  failures=1
  while :; do
    : >"$work/headers"
    : >"$work/answer"
    STATUS=$(
      {
        cat "$work/secrets"
        printf 'header = "X-Request-Timestamp: %s"\n' "$(date +%s)"
      } | curl --config - --silent --show-error --max-time "$TIMEOUT_SECONDS" \
        --output "$work/answer" --dump-header "$work/headers" --write-out '%{http_code}' "$@" "$url"
    ) || STATUS=000 # The answer may be cut off after its status.
    case $STATUS in
      # 502 and 504 come from a proxy in front of the server.
      000 | 429 | 502 | 503 | 504) ;;
      *) return 0 ;;
    esac
    if [ "$failures" -eq "$MAX_TRIES" ]; then return 0; fi
    back_off "$failures"
    failures=$((failures + 1))
  done
}

# A value as curl's config files quote it.
quoted() { printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')"; }

log_in() {
  started=$(date +%s)
  {
    printf 'data-urlencode = %s\n' "$(quoted "client_id=$MIOT_CLIENT_ID")"
    printf 'data-urlencode = %s\n' "$(quoted "client_secret=$MIOT_CLIENT_SECRET")"
    printf 'data-urlencode = %s\n' "$(quoted "audience=$MIOT_AUDIENCE")"
  } >"$work/secrets"
  post "$MIOT_TOKEN_URL" --data grant_type=client_credentials
  [ "$STATUS" = 200 ] || fail "login: $STATUS $(cat "$work/answer")"
  TOKEN=$(jq -r .access_token "$work/answer")
  usable=$(jq '[.refresh_in // .expires_in, .expires_in - 60] | min | floor' "$work/answer")
  USABLE_UNTIL=$((started + usable))
}

# Posts a file under one request id, however many tries that takes.
send() { # path, file
  request_id=$(new_id)
  for try in first second; do
    if [ -z "$TOKEN" ] || [ "$(date +%s)" -ge "$USABLE_UNTIL" ]; then log_in; fi
    printf 'header = "Authorization: Bearer %s"\n' "$TOKEN" >"$work/secrets"
    post "$MIOT_API_URL$1" --header "X-Request-Id: $request_id" \
      --header 'Content-Type: application/json' --data-binary "@$2"
    case $STATUS-$try in
      200-*) return 0 ;;
      401-first) TOKEN='' ;;
      *) fail "$1: $STATUS $(cat "$work/answer")" ;;
    esac
  done
}

reading() { # latitude, age in seconds, idempotency key or nothing
  jq -cn --arg asset_id "${ASSET_ID:-TRUCK-001}" --argjson latitude "$1" --argjson age "$2" \
    --arg key "${3:-}" '{
      $asset_id, timestamp: (now - $age | todate), gps: { $latitude, longitude: -70.66 }
    } + if $key == "" then {} else { idempotency_key: $key } end'
}

for name in MIOT_TOKEN_URL MIOT_API_URL MIOT_CLIENT_ID MIOT_CLIENT_SECRET MIOT_AUDIENCE; do
  eval "[ -n \"\${$name:-}\" ]" || fail "$name is not set"
done
require_secure MIOT_TOKEN_URL "$MIOT_TOKEN_URL"
require_secure MIOT_API_URL "$MIOT_API_URL"

reading -33.45 0 >"$work/report"
send /v1/asset/track "$work/report"
echo 'report kept'

# The last one is wrong on purpose. The keys let you cut the backlog differently next time.
{
  reading -33.46 30 "$(new_id)"
  reading -33.47 20 "$(new_id)"
  reading 123 10 "$(new_id)"
} | jq -cs . >"$work/batch"
send /v1/asset/track/batch "$work/batch"
jq -r '.counts | "batch: \(.items - .refused) of \(.items) kept"' "$work/answer"
jq -r '.results[] | select(.code != 200)
  | "item \(.index) refused: \(.code) \(.message) \(.errors // {} | tojson)"' "$work/answer"
