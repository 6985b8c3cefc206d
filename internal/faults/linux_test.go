package faults_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spillway-gateway/spillway/internal/clock/clocktest"
	"github.com/spillway-gateway/spillway/internal/engine/std"
)

// backlogged is an address whose connections are never accepted and whose queue
// is full: the kernel answers no further SYN.
func backlogged(t testing.TB) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	address := "127.0.0.1:" + strconv.Itoa(name.(*syscall.SockaddrInet4).Port)
	for range 8 {
		c, err := net.DialTimeout("tcp", address, 200*time.Millisecond)
		if err != nil {
			return address // it is full
		}
		t.Cleanup(func() { _ = c.Close() })
	}
	t.Fatal("the queue does not fill")
	return ""
}

// Row 3, on sockets.
func TestUnansweredSYN(t *testing.T) {
	wait := time.Second
	if *full {
		wait = 2 * time.Second
	}
	w := newWired(t, place{
		regions: map[string]string{"eastus": "http://" + backlogged(t), "australiaeast": region(t, &far{}, nil)}, transport: std.TransportOptions{ConnectTimeout: wait},
	})
	machine := clocktest.Watch(t)
	all := w.load(requests(), 3, nil)
	if n := bad(t, all); n > 0 {
		t.Errorf("%d callers see it", n)
	}
	if out := w.outcomes("eastus"); len(out) != 1 || out["connect_timeout"] < 3 {
		t.Errorf("outcomes %v", out)
	}
	most := firsts(all, 1)
	if most > machine.Allow(3*wait+2*time.Second, 20) {
		t.Errorf("a caller waited %v", most)
	}
	report(t, 3, "SYN unanswered, on sockets", "0 errors of %d, at most %v with a limit of %v", len(all), most.Round(time.Millisecond), wait)
}

// farAway is what a caller in a network of its own is told: where the gateway is,
// and what to send.
const farAway = "SPILLWAY_FAULTS_CALLER"

// TestFarCaller is the caller that TestVanishedCallers starts: it sends one
// request, says that it has an answer or none, and waits. Without its orders there
// is nothing for it to do.
func TestFarCaller(t *testing.T) {
	orders, ok := os.LookupEnv(farAway)
	if !ok {
		return
	}
	in := bufio.NewReader(os.Stdin)
	if _, err := in.ReadString('\n'); err != nil { // its network is there
		t.Fatal(err)
	}
	address, request, _ := strings.Cut(orders, "|")
	for _, c := range [][]string{{"link", "set", "lo", "up"}, {"addr", "add", "10.213.7.2/30", "dev", "faults1"}, {"link", "set", "faults1", "up"}} {
		if out, err := exec.CommandContext(t.Context(), "ip", c...).CombinedOutput(); err != nil {
			t.Fatalf("ip %v: %s", c, out)
		}
	}
	for i := range 2 {
		c, err := net.DialTimeout("tcp", address, 10*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		if _, err := io.WriteString(c, strings.Replace(request, "NUMBER", strconv.Itoa(i), 1)); err != nil {
			t.Fatal(err)
		}
		if i == 1 {
			if _, err := io.ReadFull(c, make([]byte, 64)); err != nil {
				t.Fatal(err)
			}
		}
	}
	fmt.Println("connected yes")
	if _, err := in.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "ip", "link", "set", "faults1", "down").CombinedOutput(); err != nil {
		t.Fatalf("%s", out)
	}
	fmt.Println("away yes")
	_, _ = in.ReadString('\n')
}

// Row 21: a caller whose network goes away, so that nobody says anything for it
// any more: while its region thinks, and in the middle of a stream. It needs a
// network namespace, for which one has to be root, and 75 seconds; the options of
// the sockets that bring it about are held by a test of their own.
func TestVanishedCallers(t *testing.T) {
	if !*full {
		return
	}
	if os.Geteuid() != 0 {
		t.Fatal("a caller's network is taken away in a namespace of its own: run this as root")
	}
	run := func(args ...string) {
		t.Helper()
		if out, err := exec.CommandContext(t.Context(), "ip", args...).CombinedOutput(); err != nil {
			t.Fatalf("ip %v: %s", args, out)
		}
	}
	run("link", "add", "faults0", "type", "veth", "peer", "name", "faults1")
	defer func() { _ = exec.Command("ip", "link", "del", "faults0").Run() }()
	run("addr", "add", "10.213.7.1/30", "dev", "faults0")
	run("link", "set", "faults0", "up")
	silent, talking := &left{}, &left{gap: 5 * time.Second}
	files := noBreakers(t)
	files["apis/my-cool-openai-test/policy.xml"] = `<policies><inbound><base /><set-backend-service backend-id="@(context.Request.Headers.GetValueOrDefault(&quot;X-Number&quot;, &quot;&quot;) == &quot;0&quot; ? &quot;eastus&quot; : &quot;australiaeast&quot;)" /></inbound>
		<backend><forward-request timeout="240" buffer-response="false" /></backend><outbound><base /></outbound><on-error><base /></on-error></policies>`
	w := newWired(t, place{files: files, listen: "10.213.7.1:0", regions: map[string]string{"eastus": region(t, silent, nil), "australiaeast": region(t, talking, nil)}})
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestFarCaller$", "-test.timeout", "5m")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	cmd.Env = append(os.Environ(), farAway+"="+w.addr+"|"+w.request(streamBody, "X-Number: NUMBER"))
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
	defer func() {
		_ = in.Close()
		_ = cmd.Wait()
	}()
	run("link", "set", "faults1", "netns", strconv.Itoa(cmd.Process.Pid))
	a := &alone{in: in, out: bufio.NewReader(out)}
	_, _ = io.WriteString(in, "go\n")
	a.line(t, "connected")
	calls := map[string]*leaving{"a region that thinks": silent.call("0"), "a stream": talking.call("1")}
	for name, c := range calls {
		select {
		case <-c.came:
		case <-time.After(10 * time.Second):
			t.Fatalf("%s is not called: %s", name, w.log)
		}
	}
	_, _ = io.WriteString(in, "go\n")
	a.line(t, "away")
	began := time.Now()
	for name, c := range calls {
		select {
		case <-c.gone:
		case <-time.After(100*time.Second - time.Since(began)):
			t.Errorf("%s: nobody notices", name)
			continue
		}
		if took := time.Since(began); took > 81*time.Second {
			t.Errorf("%s: noticed after %v", name, took)
		}
	}
	took := time.Since(began)
	eventually(t, 30*time.Second, "nothing runs on", func() bool {
		for _, b := range w.live.Backends() {
			if b.InFlight != 0 {
				return false
			}
		}
		return true
	})
	report(t, 21, "callers vanish", "both calls, one with a stream under way, are over after %v (the limit is 75 s and the gap between events)", took.Round(100*time.Millisecond))
}
