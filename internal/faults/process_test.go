package faults_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// alone is a wired gateway in a process of its own, so that what it holds can be
// told from what its callers and regions hold.
type alone struct {
	addr, key string
	in        io.Writer
	out       *bufio.Reader
}

// orders is what a process is told to be: its regions and files.
type orders struct {
	Regions, Files map[string]string
}

const ordersVariable = "SPILLWAY_FAULTS_GATEWAY"

// TestGatewayProcess is the process that newAlone starts; without its orders there
// is nothing for it to do.
func TestGatewayProcess(t *testing.T) {
	text, ok := os.LookupEnv(ordersVariable)
	if !ok {
		return
	}
	var o orders
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		t.Fatal(err)
	}
	w := newWired(t, place{regions: o.Regions, files: o.Files})
	fmt.Printf("gateway %s %s\n", w.addr, w.key)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		fmt.Printf("memory %d\n", memory())
	}
}

func newAlone(t testing.TB, o orders) *alone {
	t.Helper()
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestGatewayProcess$", "-test.timeout", "10m")
	cmd.Env = append(os.Environ(), ordersVariable+"="+string(text))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait()
	})
	a := &alone{in: in, out: bufio.NewReader(out)}
	a.addr = a.line(t, "gateway")
	a.addr, a.key, _ = strings.Cut(a.addr, " ")
	return a
}

// line is the rest of the next line that begins with that word.
func (a *alone) line(t testing.TB, word string) string {
	t.Helper()
	for {
		line, err := a.out.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if rest, ok := strings.CutPrefix(line, word+" "); ok {
			return strings.TrimSpace(rest)
		}
	}
}

// memory is what the process holds, after a collection: heap and stacks.
func (a *alone) memory(t testing.TB) int64 {
	t.Helper()
	if _, err := io.WriteString(a.in, "memory\n"); err != nil {
		t.Fatal(err)
	}
	n, err := strconv.ParseInt(a.line(t, "memory"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// warm has some streams begin and end, so that what is made once is there, and
// gives the memory without any.
func (a *alone) warm(t testing.TB, w *wired) int64 {
	t.Helper()
	var conns []io.Closer
	for range 20 {
		c := w.dial()
		if c == nil {
			t.FailNow()
		}
		_, _ = io.WriteString(c, w.request(streamBody))
		if _, err := io.ReadFull(c, make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
	}
	for _, c := range conns {
		_ = c.Close()
	}
	last := a.memory(t)
	eventually(t, 30*time.Second, "the first streams are over", func() bool {
		before := last
		<-time.After(100 * time.Millisecond)
		last = a.memory(t)
		return last > before-(16<<10)
	})
	return last
}

// caller is a wired gateway's face for those that write requests themselves.
func (a *alone) caller(t testing.TB) *wired { return &wired{t: t, addr: a.addr, key: a.key} }

// memory is what this process holds, after a collection.
func memory() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
