// Verifies the tokens on standard input with golang-jwt and keyfunc.
package main

import (
	"bufio"
	"context"
	"fmt"
	"log"
	"os"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
)

func main() {
	issuer := os.Getenv("MIOT_ISSUER")
	keys, err := keyfunc.NewDefaultCtx(context.Background(), []string{issuer + "/.well-known/jwks.json"})
	if err != nil {
		log.Fatal(err)
	}

	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		_, err := jwt.Parse(
			lines.Text(),
			keys.Keyfunc,
			jwt.WithValidMethods([]string{"RS256"}),
			jwt.WithIssuer(issuer),
			jwt.WithAudience(os.Getenv("MIOT_AUDIENCE")),
			jwt.WithExpirationRequired(),
		)
		if err != nil {
			log.Print(err)
			fmt.Println("refuse")
			continue
		}
		fmt.Println("accept")
	}
}
