// Verifies the tokens on standard input with github.com/coreos/go-oidc, by discovery.
package main

import (
	"bufio"
	"context"
	"fmt"
	"log"
	"os"

	"github.com/coreos/go-oidc/v3/oidc"
)

func main() {
	ctx := context.Background()
	provider, err := oidc.NewProvider(ctx, os.Getenv("MIOT_ISSUER"))
	if err != nil {
		log.Fatal(err)
	}
	verifier := provider.Verifier(&oidc.Config{ClientID: os.Getenv("MIOT_AUDIENCE")})

	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		if _, err := verifier.Verify(ctx, lines.Text()); err != nil {
			log.Print(err)
			fmt.Println("refuse")
			continue
		}
		fmt.Println("accept")
	}
}
