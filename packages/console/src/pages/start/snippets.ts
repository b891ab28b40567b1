/** The first token and the first report in several languages, filled with the credentials. */

import { dotEnv, type Filled } from '../applications/credential-files.ts'

const ASSET = 'TRUCK-001'

export const SNIPPETS: readonly (readonly [string, (filled: Filled) => string])[] = [
  ['curl', curl],
  ['Node', node],
  ['Python', python],
  ['Go', go],
  ['.env', dotEnv],
]

function credentials({ client_id, client_secret, audience }: Filled): string {
  const body = { client_id, client_secret, audience, grant_type: 'client_credentials' }
  return JSON.stringify(body, null, 2)
}

function curl(filled: Filled): string {
  return `TOKEN=$(curl -sS ${filled.origin}/api/v1/login \\
  -H 'Content-Type: application/json' \\
  -d '${credentials(filled)}' \\
  | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')

curl -sS ${filled.origin}/v1/asset/track \\
  -H "Authorization: Bearer $TOKEN" \\
  -H 'Content-Type: application/json' \\
  -H "X-Request-Id: first-$(date +%s)" -H "X-Request-Timestamp: $(date +%s)" \\
  -d '{"asset_id": "${ASSET}", "timestamp": "'"$(date -u +%Y-%m-%dT%H:%M:%SZ)"'",
       "gps": {"latitude": -33.4489, "longitude": -70.6693, "speed": 42}}'
`
}

function node(filled: Filled): string {
  return `// node first-report.mjs
const login = await fetch('${filled.origin}/api/v1/login', {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({
    client_id: '${filled.client_id}',
    client_secret: '${filled.client_secret}',
    audience: '${filled.audience}',
    grant_type: 'client_credentials',
  }),
})
const { access_token } = await login.json()

const report = await fetch('${filled.origin}/v1/asset/track', {
  method: 'POST',
  headers: {
    authorization: \`Bearer \${access_token}\`,
    'content-type': 'application/json',
    'x-request-id': crypto.randomUUID(),
    'x-request-timestamp': String(Math.floor(Date.now() / 1000)),
  },
  body: JSON.stringify({
    asset_id: '${ASSET}',
    timestamp: new Date().toISOString(),
    gps: { latitude: -33.4489, longitude: -70.6693, speed: 42 },
  }),
})
console.log(report.status, await report.text())
`
}

function python(filled: Filled): string {
  return `# python3 first_report.py
import json, time, urllib.request, uuid
from datetime import datetime, timezone


def post(url, body, **headers):
    headers["Content-Type"] = "application/json"
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


login = post("${filled.origin}/api/v1/login", {
    "client_id": "${filled.client_id}",
    "client_secret": "${filled.client_secret}",
    "audience": "${filled.audience}",
    "grant_type": "client_credentials",
})
print(post("${filled.origin}/v1/asset/track", {
    "asset_id": "${ASSET}",
    "timestamp": datetime.now(timezone.utc).isoformat(),
    "gps": {"latitude": -33.4489, "longitude": -70.6693, "speed": 42},
}, **{
    "Authorization": "Bearer " + login["access_token"],
    "X-Request-Id": str(uuid.uuid4()),
    "X-Request-Timestamp": str(int(time.time())),
}))
`
}

function go(filled: Filled): string {
  return `// go run first_report.go
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

func post(url string, body any, headers map[string]string) []byte {
	text, _ := json.Marshal(body)
	request, err := http.NewRequest("POST", url, bytes.NewReader(text))
	if err != nil {
		panic(err)
	}
	request.Header.Set("Content-Type", "application/json")
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		panic(err)
	}
	defer answer.Body.Close()
	read, _ := io.ReadAll(answer.Body)
	return read
}

func main() {
	login := post("${filled.origin}/api/v1/login", map[string]string{
		"client_id":     "${filled.client_id}",
		"client_secret": "${filled.client_secret}",
		"audience":      "${filled.audience}",
		"grant_type":    "client_credentials",
	}, nil)
	var token struct {
		AccessToken string \`json:"access_token"\`
	}
	json.Unmarshal(login, &token)
	now := time.Now()
	report := post("${filled.origin}/v1/asset/track", map[string]any{
		"asset_id":  "${ASSET}",
		"timestamp": now.UTC().Format(time.RFC3339),
		"gps":       map[string]float64{"latitude": -33.4489, "longitude": -70.6693, "speed": 42},
	}, map[string]string{
		"Authorization":       "Bearer " + token.AccessToken,
		"X-Request-Id":        fmt.Sprint("first-", now.UnixNano()),
		"X-Request-Timestamp": fmt.Sprint(now.Unix()),
	})
	fmt.Println(string(report))
}
`
}
