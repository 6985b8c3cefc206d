package clock

import (
	"bytes"
	"runtime"
	"strconv"
)

// goroutineID is the number that the runtime prints for this goroutine. Go
// keeps it out of programs' reach on purpose; the clock moved by hand needs it
// to tell its own goroutines from others, which no argument that travels
// along could do (a goroutine of net/http carries none).
func goroutineID() int64 {
	var buf [40]byte
	id, _, _ := goroutineHead(buf[:runtime.Stack(buf[:], false)])
	return id
}

var goroutineWord = []byte("goroutine ")

// goroutineHead reads "goroutine 7 [chan receive, 2 minutes]:", whose end may
// be missing.
func goroutineHead(b []byte) (id int64, state []byte, ok bool) {
	rest, ok := bytes.CutPrefix(b, goroutineWord)
	if !ok {
		return 0, nil, false
	}
	number, rest, ok := bytes.Cut(rest, []byte(" "))
	if !ok {
		return 0, nil, false
	}
	id, err := strconv.ParseInt(string(number), 10, 64)
	if err != nil {
		return 0, nil, false
	}
	if i := bytes.IndexByte(rest, '['); i >= 0 {
		rest = rest[i+1:]
	}
	if i := bytes.IndexAny(rest, ",]"); i >= 0 {
		rest = rest[:i]
	}
	return id, rest, true
}

// anyRunnable reports whether one of the goroutines ids is on a processor or
// about to be, in the text that runtime.Stack made of all goroutines.
func anyRunnable(all []byte, ids map[int64]bool) bool {
	for len(all) > 0 {
		var head []byte
		head, all, _ = bytes.Cut(all, []byte("\n\n"))
		id, state, ok := goroutineHead(head)
		if ok && ids[id] && runnable(state) {
			return true
		}
	}
	return false
}

// runnable judges the runtime's word for a goroutine's state. A goroutine
// that the garbage collector holds up goes on by itself.
func runnable(state []byte) bool {
	for _, word := range []string{"running", "runnable", "syscall", "preempted", "copystack", "idle", "GC ", "stopping", "waiting", "???"} {
		if bytes.HasPrefix(state, []byte(word)) {
			return true
		}
	}
	return false
}
