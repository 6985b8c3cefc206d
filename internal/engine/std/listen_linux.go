package std

import "syscall"

// userTimeout is TCP_USER_TIMEOUT, which package syscall does not name.
const userTimeout = 0x12

// patient bounds how long what was sent to a caller may stay without an
// acknowledgement. Keep-alive sees only connections on which nothing is under
// way; of the others the kernel would not let go for a quarter of an hour.
// Connections have it from their listener.
func patient(_, _ string, c syscall.RawConn) error {
	var failed error
	err := c.Control(func(fd uintptr) {
		failed = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, userTimeout, int(vanished.Milliseconds()))
	})
	if err == nil {
		err = failed
	}
	return err
}
