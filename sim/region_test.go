package sim

import "encoding/base64"

func rawBase64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
