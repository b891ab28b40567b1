// ModularIoT from Go: a cached token, one report, and a batch whose retries cannot double.
//
// Needs Go 1.22 or newer, and nothing else. Run it with the settings that `npm start` wrote:
//
//	set -a; . data/quickstart.env; set +a; go run -C examples/go .
package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	mathrand "math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	maxTries  = 5
	baseDelay = 500 * time.Millisecond
	timeout   = 10 * time.Second
)

// Client may be shared by goroutines.
type Client struct {
	tokenURL, apiURL string
	credentials      url.Values
	http             *http.Client

	mu          sync.Mutex // Held during a login: however many wait for a token, one login runs.
	token       string
	usableUntil time.Time
}

type answer struct {
	status     int
	retryAfter time.Duration
	body       []byte
}

// send posts a body under one request id, however many tries that takes.
func (c *Client) send(ctx context.Context, path string, body, result any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	requestID := newID()
	attempt := func() (token string, got answer, err error) {
		if token, err = c.accessToken(ctx); err != nil {
			return
		}
		got, err = c.post(ctx, c.apiURL+path, string(text), func(header http.Header) {
			header.Set("Authorization", "Bearer "+token)
			header.Set("Content-Type", "application/json")
			header.Set("X-Request-Id", requestID)
			header.Set("X-Request-Timestamp", strconv.FormatInt(time.Now().Unix(), 10))
		})
		return
	}
	token, got, err := attempt()
	if err == nil && got.status == http.StatusUnauthorized {
		c.forget(token)
		_, got, err = attempt()
	}
	if err != nil {
		return err
	}
	if got.status != http.StatusOK {
		return fmt.Errorf("%s: %d %s", path, got.status, got.body)
	}
	return json.Unmarshal(got.body, result)
}

func (c *Client) accessToken(ctx context.Context) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token == "" || !time.Now().Before(c.usableUntil) {
		if err := c.logIn(ctx); err != nil {
			return "", err
		}
	}
	return c.token, nil
}

// forget drops this token, and no other: another goroutine may have replaced it since.
func (c *Client) forget(token string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token == token {
		c.token = ""
	}
}

func (c *Client) logIn(ctx context.Context) error {
	started := time.Now()
	got, err := c.post(ctx, c.tokenURL, c.credentials.Encode(), func(header http.Header) {
		header.Set("Content-Type", "application/x-www-form-urlencoded")
	})
	if err != nil {
		return err
	}
	if got.status != http.StatusOK {
		return fmt.Errorf("login: %d %s", got.status, got.body)
	}
	var login struct {
		AccessToken string `json:"access_token"`
		ExpiresIn   int64  `json:"expires_in"`
		RefreshIn   *int64 `json:"refresh_in"`
	}
	if err := json.Unmarshal(got.body, &login); err != nil {
		return err
	}
	usable := login.ExpiresIn - 60
	if login.RefreshIn != nil {
		usable = min(usable, *login.RefreshIn)
	}
	c.token = login.AccessToken
	c.usableUntil = started.Add(time.Duration(usable) * time.Second)
	return nil
}

// post repeats what may pass, and returns the outcome of the last try.
func (c *Client) post(
	ctx context.Context, url, body string, setHeaders func(http.Header),
) (answer, error) {
	for failures := 1; ; failures++ {
		got, err := c.postOnce(ctx, url, body, setHeaders)
		mayPass := err != nil || isRetryable(got.status)
		if !mayPass || failures == maxTries || ctx.Err() != nil {
			return got, err
		}
		backoff := time.Duration(float64(baseDelay<<(failures-1)) * (0.5 + mathrand.Float64()/2))
		asked := time.Duration(float64(got.retryAfter) * (1 + mathrand.Float64()/4))
		select {
		case <-time.After(max(backoff, asked)):
		case <-ctx.Done():
			return answer{}, ctx.Err()
		}
	}
}

func (c *Client) postOnce(
	ctx context.Context, url, body string, setHeaders func(http.Header),
) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	setHeaders(request.Header)
	response, err := c.http.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	seconds, _ := strconv.ParseUint(response.Header.Get("Retry-After"), 10, 31)
	return answer{response.StatusCode, time.Duration(seconds) * time.Second, text}, err
}

// isRetryable says which statuses may pass. 502 and 504 come from a proxy in front of the server.
func isRetryable(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

func newID() string {
	var id [16]byte
	if _, err := rand.Read(id[:]); err != nil {
		panic(err)
	}
	return hex.EncodeToString(id[:])
}

// secureURL refuses plain http to other machines: secrets and tokens go over TLS only.
func secureURL(name string) (string, error) {
	parsed, err := url.Parse(os.Getenv(name))
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	switch host := parsed.Hostname(); {
	case parsed.Scheme == "https" && host != "":
		return parsed.String(), nil
	case parsed.Scheme == "http" && (host == "localhost" || host == "127.0.0.1" || host == "::1"):
		return parsed.String(), nil
	}
	return "", fmt.Errorf("%s must be an https: URL", name)
}

func fromEnvironment() (*Client, error) {
	c := &Client{credentials: url.Values{"grant_type": {"client_credentials"}}}
	for parameter, name := range map[string]string{
		"client_id":     "MIOT_CLIENT_ID",
		"client_secret": "MIOT_CLIENT_SECRET",
		"audience":      "MIOT_AUDIENCE",
	} {
		value := os.Getenv(name)
		if value == "" {
			return nil, fmt.Errorf("%s is not set", name)
		}
		c.credentials.Set(parameter, value)
	}
	var tokenFault, apiFault error
	c.tokenURL, tokenFault = secureURL("MIOT_TOKEN_URL")
	c.apiURL, apiFault = secureURL("MIOT_API_URL")
	c.http = &http.Client{
		Timeout: timeout,
		// A redirect could carry the token elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, errors.Join(tokenFault, apiFault)
}

type gps struct {
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
}

type report struct {
	AssetID        string    `json:"asset_id"`
	Timestamp      time.Time `json:"timestamp"`
	GPS            gps       `json:"gps"`
	IdempotencyKey string    `json:"idempotency_key,omitempty"`
}

func reading(latitude float64, age time.Duration) report {
	assetID := os.Getenv("ASSET_ID")
	if assetID == "" {
		assetID = "TRUCK-001"
	}
	return report{
		AssetID:   assetID,
		Timestamp: time.Now().Add(-age).UTC(),
		GPS:       gps{latitude, -70.66},
	}
}

type batchAnswer struct {
	Counts  struct{ Items, Refused int }
	Results []struct {
		Index, Code int
		Message     string
		Errors      map[string]string
	}
}

func run(ctx context.Context) error {
	client, err := fromEnvironment()
	if err != nil {
		return err
	}
	if err := client.send(ctx, "/v1/asset/track", reading(-33.45, 0), &struct{}{}); err != nil {
		return err
	}
	fmt.Println("report kept")

	// The last one is wrong on purpose. The keys let you cut the backlog differently next time.
	backlog := []report{
		reading(-33.46, 30*time.Second),
		reading(-33.47, 20*time.Second),
		reading(123, 10*time.Second),
	}
	for i := range backlog {
		backlog[i].IdempotencyKey = newID()
	}
	var batch batchAnswer
	if err := client.send(ctx, "/v1/asset/track/batch", backlog, &batch); err != nil {
		return err
	}
	fmt.Printf("batch: %d of %d kept\n", batch.Counts.Items-batch.Counts.Refused, batch.Counts.Items)
	for _, item := range batch.Results {
		if item.Code != http.StatusOK {
			fmt.Printf("item %d refused: %d %s %v\n", item.Index, item.Code, item.Message, item.Errors)
		}
	}
	return nil
}

func main() {
	log.SetFlags(0)
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}
