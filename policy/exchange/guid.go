package exchange

// GUID is a 128-bit id in the byte order of its text.
type GUID [16]byte

// String is the lower-case text with dashes, .NET's "D" form.
func (g GUID) String() string {
	const digits = "0123456789abcdef"
	b := make([]byte, 0, 36)
	for i, x := range g {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			b = append(b, '-')
		}
		b = append(b, digits[x>>4], digits[x&15])
	}
	return string(b)
}

// NewGUID makes a version 4 GUID from 16 random bytes.
func NewGUID(random [16]byte) GUID {
	random[6] = random[6]&0x0f | 0x40
	random[8] = random[8]&0x3f | 0x80
	return GUID(random)
}
