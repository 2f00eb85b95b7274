package tests

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	postgresURL = "postgres://postgres@127.0.0.1:55432/postgres"
	redisURL    = "redis://service-go:secret@127.0.0.1:56379"
)

// postgres runs in a temporary directory.
type postgres struct{ data string }

func (p *postgres) create() error {
	folder, err := os.MkdirTemp("", "postgres-")
	if err != nil {
		return err
	}
	p.data = filepath.Join(folder, "data")
	if err := tool("initdb", "-D", p.data, "-U", "postgres", "-A", "trust", "--no-sync"); err != nil {
		return err
	}
	return p.start()
}

func (p *postgres) start() error {
	options := "-p 55432 -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
	return tool("pg_ctl", "-D", p.data, "-w", "-o", options, "start")
}

func (p *postgres) stop() error {
	return tool("pg_ctl", "-D", p.data, "-w", "-m", "immediate", "stop")
}

func tool(name string, arguments ...string) error {
	// Without a pipe for its output, which the server would keep open as long as it runs.
	return exec.Command("/usr/lib/postgresql/17/bin/"+name, arguments...).Run()
}

// redis has the user and the rights that a stack gives.
type redis struct{ process *exec.Cmd }

func (r *redis) start() error {
	r.process = exec.Command("redis-server", "-")
	r.process.Stdin = strings.NewReader(strings.Join([]string{
		"port 56379", "bind 127.0.0.1", `save ""`, "user default off",
		"user service-go on >secret resetkeys ~service-go:* resetchannels " +
			"-@all +@read +@write +@transaction +@scripting +@pubsub +@connection -@admin -@dangerous -scan -randomkey -dbsize " +
			"-pubsub|channels -pubsub|shardchannels -pubsub|numpat -client|tracking -function -script +script|load +script|exists " +
			"+info +time +acl|whoami", "",
	}, "\n"))
	if err := r.process.Start(); err != nil {
		return err
	}
	return eventually("Redis answers", 15*time.Second, func() bool { return listens(56379) })
}

// silence makes it keep its connections and answer nothing.
func (r *redis) silence() {
	_ = r.process.Process.Signal(syscall.SIGSTOP)
}

func (r *redis) stop() {
	_ = r.process.Process.Kill()
	_ = r.process.Wait()
}

// process is one run of the service's binary.
type process struct {
	command *exec.Cmd
	output  *buffer
}

func begin(t *testing.T, environment []string, words ...string) *process {
	t.Helper()
	command, output := exec.Command(binary, words...), &buffer{}
	command.Env = environment
	command.Stdout, command.Stderr = output, output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	return &process{command, output}
}

// end waits and gives the exit code.
func (p *process) end() int {
	_ = p.command.Wait()
	return p.command.ProcessState.ExitCode()
}

// run is one command to its end.
func run(t *testing.T, environment []string, words ...string) (code int, output string) {
	t.Helper()
	process := begin(t, environment, words...)
	code = process.end()
	return code, process.output.String()
}

// serve starts the service and waits until it answers.
func serve(t *testing.T, environment ...string) *process {
	t.Helper()
	process := begin(t, append(environment, "PORT=53000", "METRICS_PORT=53001"), "serve")
	if err := eventually("the service starts", 15*time.Second, func() bool { return listens(53000) && listens(53001) }); err != nil {
		t.Fatal(err, process.output)
	}
	return process
}

func eventually(what string, limit time.Duration, check func() bool) error {
	for end := time.Now().Add(limit); !check(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			return fmt.Errorf("not within %v: %s", limit, what)
		}
	}
	return nil
}

func listens(port int) bool {
	connection, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), time.Second)
	if err != nil {
		return false
	}
	_ = connection.Close()
	return true
}

// buffer is written by one goroutine while another reads.
type buffer struct {
	mutex sync.Mutex
	bytes bytes.Buffer
}

func (b *buffer) Write(data []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.bytes.Write(data)
}

func (b *buffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.bytes.String()
}
