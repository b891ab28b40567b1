// Sends a report with the http.Client of golang.org/x/oauth2/clientcredentials.
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"log"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"golang.org/x/oauth2/clientcredentials"
)

func main() {
	config := clientcredentials.Config{
		ClientID:     os.Getenv("MIOT_CLIENT_ID"),
		ClientSecret: os.Getenv("MIOT_CLIENT_SECRET"),
		TokenURL:     os.Getenv("MIOT_TOKEN_URL"),
	}
	if len(os.Args) > 1 && os.Args[1] == "audience" {
		config.EndpointParams = url.Values{"audience": {os.Getenv("MIOT_AUDIENCE")}}
	}
	client := config.Client(context.Background())

	now := time.Now()
	body, err := json.Marshal(map[string]any{"asset_id": os.Getenv("ASSET_ID"), "timestamp": now})
	if err != nil {
		log.Fatal(err)
	}
	request, err := http.NewRequest("POST", os.Getenv("MIOT_API_URL")+"/v1/asset/track", bytes.NewReader(body))
	if err != nil {
		log.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Request-Id", rand.Text())
	request.Header.Set("X-Request-Timestamp", strconv.FormatInt(now.Unix(), 10))
	response, err := client.Do(request)
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		log.Fatal(response.Status)
	}
}
