package secret_test

import (
	"fmt"
	"os"

	"callboard/catalog/secret"
)

func ExampleValue() {
	token := secret.New("t0k3n")
	fmt.Fprintf(os.Stdout, "%v %d\n", token, len(token.Reveal()))
	// Output: [secret] 5
}
