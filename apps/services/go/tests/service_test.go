// Package tests has the tests of the service from outside, with a real Postgres and a real Redis. They build on each
// other, in this order.
package tests

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

const address = "http://127.0.0.1:53000"

var (
	binary      string
	database    postgres
	cache       redis
	service     *process
	environment = []string{"DATABASE_URL=" + postgresURL, "REDIS_URL=" + redisURL, "REDIS_PREFIX=service-go:", "VERSION=1.2.3"}
)

type note struct {
	ID        int64
	Title     string
	Body      string
	CreatedAt time.Time
}

func TestMain(m *testing.M) {
	os.Exit(withServers(m))
}

func withServers(m *testing.M) int {
	folder, err := os.MkdirTemp("", "service-")
	if err == nil {
		binary = filepath.Join(folder, "service")
		build := exec.Command("go", "build", "-o", binary, "..")
		build.Stderr = os.Stderr
		err = build.Run()
	}
	if err == nil {
		err = database.create()
	}
	if err == nil {
		defer database.stop()
		err = cache.start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer cache.stop()
	code := m.Run()
	if service != nil {
		_ = service.command.Process.Kill()
	}
	return code
}

type response struct {
	status int
	header http.Header
	body   []byte
}

func (r response) note(t *testing.T) note { return decoded[note](t, r.body) }

func decoded[T any](t *testing.T, content []byte) (value T) {
	t.Helper()
	if err := json.Unmarshal(content, &value); err != nil {
		t.Fatalf("%v in %s", err, content)
	}
	return value
}

func send(t *testing.T, method, path, body string) response {
	t.Helper()
	answer, err := try(method, address+path, body)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func try(method, url, body string) (response, error) {
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return response{}, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return response{}, err
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	return response{answer.StatusCode, answer.Header, content}, err
}

func add(t *testing.T, title string) note {
	t.Helper()
	return send(t, "POST", "/notes", fmt.Sprintf(`{"title": %q}`, title)).note(t)
}

func sql(t *testing.T, text string) (count int64) {
	t.Helper()
	connection, err := pgx.Connect(context.Background(), postgresURL)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close(context.Background())
	tag, err := connection.Exec(context.Background(), text)
	if err != nil {
		t.Fatal(err)
	}
	return tag.RowsAffected()
}

func equal[T any](t *testing.T, what string, found, wanted T) {
	t.Helper()
	if f, w := fmt.Sprintf("%+v", found), fmt.Sprintf("%+v", wanted); f != w {
		t.Fatalf("%s: %s, wanted %s", what, f, w)
	}
}

func applied(t *testing.T, output string) []string {
	t.Helper()
	return decoded[struct{ Applied []string }](t, []byte(output)).Applied
}

func TestTwoMigrationsAtOnce(t *testing.T) {
	first, second := begin(t, environment, "migrate"), begin(t, environment, "migrate")
	equal(t, "exit codes", []int{first.end(), second.end()}, []int{0, 0})
	counts := []int{len(applied(t, first.output.String())), len(applied(t, second.output.String()))}
	slices.Sort(counts)
	equal(t, "applied", counts, []int{0, 3})
}

func TestAThirdMigrationChangesNothingAndLeavesANewerImagesAlone(t *testing.T) {
	sql(t, "INSERT INTO schema_migrations (name) VALUES ('9999_of_a_newer_image.sql')")
	code, output := run(t, environment, "migrate")
	equal(t, output, code, 0)
	equal(t, "applied", len(applied(t, output)), 0)
	equal(t, "known", sql(t, "SELECT name FROM schema_migrations"), 4)
}

func TestWrongSettingsStopTheStartWithAllNamesAndShowNoSecret(t *testing.T) {
	wrong := []string{"PORT=x", "LOG_LEVEL=loud", "DATABASE_URL=mysql://canary:canary@db/canary", "REDIS_URL=redis://canary@cache"}
	code, output := run(t, wrong, "serve")
	equal(t, "exit code", code, 78)
	for _, name := range []string{"PORT", "LOG_LEVEL", "DATABASE_URL", "REDIS_PREFIX"} {
		if !regexp.MustCompile(`(?m)^  ` + name + `: .*allowed`).MatchString(output) {
			t.Errorf("%s is missing in %s", name, output)
		}
	}
	if strings.Contains(output, "canary") {
		t.Error(output)
	}
}

func TestWrongSecretsAreToldByName(t *testing.T) {
	for wanted, environment := range map[string][]string{
		"DATABASE_URL: is missing; set it, or DATABASE_URL_FILE":                         {},
		"DATABASE_URL_FILE: names a file that can't be read, /none (no such file or dir": {"DATABASE_URL_FILE=/none"},
		"DATABASE_URL: is set, and DATABASE_URL_FILE too":                                {"DATABASE_URL_FILE=/none", "DATABASE_URL=x"},
	} {
		code, output := run(t, environment, "migrate")
		equal(t, "exit code", code, 78)
		if !strings.Contains(output, wanted) {
			t.Errorf("%q is missing in %s", wanted, output)
		}
	}
}

func TestItStartsWithTheSecretsInFilesAndHealthTellsTheImageAndTheDatabase(t *testing.T) {
	folder := filepath.Dir(binary)
	for name, value := range map[string]string{"database-url": postgresURL + "\n", "redis-url": redisURL} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(value), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	service = serve(t, "DATABASE_URL_FILE="+folder+"/database-url", "REDIS_URL_FILE="+folder+"/redis-url", "REDIS_PREFIX=service-go:", "VERSION=1.2.3")
	answer := send(t, "GET", "/health", "")
	equal(t, "status", answer.status, 200)
	health := decoded[map[string]string](t, answer.body)
	timestamp, err := time.Parse(time.RFC3339, health["timestamp"])
	if err != nil || time.Since(timestamp).Abs() > 5*time.Second {
		t.Error(health, err)
	}
	delete(health, "timestamp")
	equal(t, "health", health, map[string]string{"status": "ok", "service": "service-go", "version": "1.2.3", "database": "connected"})
}

func TestThePageSaysWhatItIsAndWhatToTry(t *testing.T) {
	answer := send(t, "GET", "/", "")
	equal(t, "status", answer.status, 200)
	equal(t, "type", answer.header.Get("content-type"), "text/html; charset=utf-8")
	for _, said := range []string{"<h1>service-go</h1>", `href="/notes"`, `href="/health"`} {
		if !strings.Contains(string(answer.body), said) {
			t.Errorf("the page lacks %s", said)
		}
	}
	equal(t, "another path", send(t, "GET", "/none", "").status, 404)
}

func TestANoteIsAddedReadListedAndRemoved(t *testing.T) {
	created := send(t, "POST", "/notes", `{"title": "First", "body": "Ünïcode 🙂"}`)
	first := created.note(t)
	path := fmt.Sprintf("/notes/%d", first.ID)
	equal(t, "status", created.status, 201)
	equal(t, "location", created.header.Get("location"), path)
	equal(t, "note", []string{first.Title, first.Body}, []string{"First", "Ünïcode 🙂"})
	second := add(t, "Second")
	equal(t, "read", send(t, "GET", path, "").note(t), first)
	type list struct{ Notes []note }
	equal(t, "list", decoded[list](t, send(t, "GET", "/notes?limit=2", "").body), list{[]note{second, first}})
	equal(t, "older", decoded[list](t, send(t, "GET", fmt.Sprintf("/notes?before=%d", second.ID), "").body), list{[]note{first}})
	equal(t, "removed", send(t, "DELETE", path, "").status, 204)
	equal(t, "removed again", send(t, "DELETE", path, "").status, 404)
	equal(t, "read after", send(t, "GET", path, "").status, 404)
}

func TestWhatIsNoNoteIsRefusedWithTheReason(t *testing.T) {
	long := strings.Repeat("x", 201)
	for _, body := range []string{`{}`, `[]`, `{`, ``, `{"title": ""}`, `{"title": 5}`, `{"title": "` + long + `"}`, `{"title": "a\u0000b"}`, `{"title": "x", "color": "red"}`} {
		answer := send(t, "POST", "/notes", body)
		equal(t, body, answer.status, 400)
		if reason := decoded[map[string]string](t, answer.body)["error"]; !strings.HasPrefix(reason, "body") {
			t.Errorf("%s: %s", body, reason)
		}
	}
	equal(t, "too long", send(t, "POST", "/notes", `{"title": "x", "body": "`+strings.Repeat("x", 70_000)+`"}`).status, 413)
	for _, path := range []string{"/notes/x", "/notes/0", "/notes/99999999999999999999", "/none"} {
		equal(t, path, send(t, "GET", path, "").status, 404)
	}
	equal(t, "limit", send(t, "GET", "/notes?limit=1000", "").status, 400)
}

func TestTheSecondReadComesFromTheCacheAndARemovalReachesIt(t *testing.T) {
	path := fmt.Sprintf("/notes/%d", add(t, "cached").ID)
	equal(t, "first", send(t, "GET", path, "").header.Get("x-cache"), "miss")
	sql(t, "UPDATE notes SET title = 'changed' WHERE id = "+filepath.Base(path))
	second := send(t, "GET", path, "")
	equal(t, "second", []string{second.header.Get("x-cache"), second.note(t).Title}, []string{"hit", "cached"})
	send(t, "DELETE", path, "")
	equal(t, "after the removal", send(t, "GET", path, "").status, 404)
}

func TestWithRedisSilentOrGoneReadsComeFromTheDatabaseAndFromTheCacheWhenItIsBack(t *testing.T) {
	path := fmt.Sprintf("/notes/%d", add(t, "fall-back").ID)
	for _, makeAway := range []func(){cache.silence, cache.stop} {
		makeAway()
		began := time.Now()
		answer := send(t, "GET", path, "")
		equal(t, "status", answer.status, 200)
		equal(t, "cache", answer.header.Get("x-cache"), "error")
		if took := time.Since(began); took > 1500*time.Millisecond {
			t.Error(took)
		}
	}
	equal(t, "removal", send(t, "DELETE", fmt.Sprintf("/notes/%d", add(t, "removed").ID), "").status, 204)
	equal(t, "health", send(t, "GET", "/health", "").status, 200)
	if err := cache.start(); err != nil {
		t.Fatal(err)
	}
	hit := func() bool { return send(t, "GET", path, "").header.Get("x-cache") == "hit" }
	if err := eventually("the cache answers", 15*time.Second, hit); err != nil {
		t.Error(err)
	}
}

func TestWithoutPostgresHealthAndRequestsAre503And200AgainAfter(t *testing.T) {
	if err := database.stop(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	answer := send(t, "GET", "/health", "")
	if took := time.Since(began); took > 3*time.Second {
		t.Error(took)
	}
	health := decoded[map[string]string](t, answer.body)
	equal(t, "status", answer.status, 503)
	equal(t, "health", []string{health["status"], health["database"]}, []string{"error", "disconnected"})
	code, _ := run(t, []string{"PORT=53000"}, "health")
	equal(t, "the command health", code, 1)
	equal(t, "requests", send(t, "GET", "/notes", "").status, 503)
	if err := database.start(); err != nil {
		t.Fatal(err)
	}
	well := func() bool { return send(t, "GET", "/health", "").status == 200 }
	if err := eventually("/health is 200", 15*time.Second, well); err != nil {
		t.Fatal(err)
	}
	code, _ = run(t, []string{"PORT=53000"}, "health")
	equal(t, "the command health", code, 0)
	equal(t, "requests", send(t, "GET", "/notes", "").status, 200)
}

func TestRequestsAreCountedByRouteAndStatusWithTheirDurations(t *testing.T) {
	answer, err := try("GET", "http://127.0.0.1:53001/metrics", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		`http_requests_total{method="POST",route="/notes",status="201"} \d+`,
		`http_requests_total{method="GET",route="/notes/{id}",status="404"} \d+`,
		`http_requests_total{method="GET",route="/health",status="503"} \d+`,
		`http_requests_total{method="GET",route="none",status="404"} \d+`,
		`http_request_duration_seconds_bucket{method="GET",route="/notes",le="0.1"} \d+`,
		`cache_reads_total{outcome="hit"} \d+`,
		`cache_reads_total{outcome="error"} \d+`,
	} {
		if !regexp.MustCompile(`(?m)^` + line + `$`).Match(answer.body) {
			t.Errorf("%s is missing in %s", line, answer.body)
		}
	}
	equal(t, "on the public port", send(t, "GET", "/metrics", "").status, 404)
}

func TestOnSIGTERMASlowRequestIsFinishedAndTheExitCodeIs0(t *testing.T) {
	ctx := context.Background()
	connection, err := pgx.Connect(ctx, postgresURL)
	if err != nil {
		t.Fatal(err)
	}
	// The lock keeps the request waiting as long as this test wants.
	if _, err := connection.Exec(ctx, "BEGIN; LOCK TABLE notes IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	slow := make(chan string)
	go func() {
		answer, err := try("POST", address+"/notes", `{"title": "slow"}`)
		slow <- fmt.Sprint(answer.status, err)
	}()
	waits := func() bool { return sql(t, "SELECT 1 FROM pg_locks WHERE NOT granted") == 1 }
	if err := eventually("the request waits", 5*time.Second, waits); err != nil {
		t.Fatal(err)
	}
	kept, err := net.Dial("tcp", "127.0.0.1:53000")
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	answers := bufio.NewReader(kept)
	ask := func() string {
		_, _ = fmt.Fprint(kept, "GET /none HTTP/1.1\r\nHost: localhost\r\n\r\n")
		answer, err := http.ReadResponse(answers, nil)
		if err != nil {
			return err.Error()
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		return fmt.Sprint(answer.StatusCode, " closes: ", answer.Close)
	}
	equal(t, "before the signal", ask(), "404 closes: false")
	_ = service.command.Process.Signal(syscall.SIGTERM)
	stopping := func() bool { return strings.Contains(service.output.String(), `"stopping"`) }
	if err := eventually("it knows of the signal", 5*time.Second, stopping); err != nil {
		t.Fatal(err)
	}
	// What is closed under a request on its way loses it: the answer says that it is the last one.
	last := func() bool { return ask() == "404 closes: true" }
	if err := eventually("an answer closes the connection from before", 5*time.Second, last); err != nil {
		t.Fatal(err)
	}
	if err := eventually("no new connection is taken", 5*time.Second, func() bool { return !listens(53000) }); err != nil {
		t.Error(err)
	}
	_ = connection.Close(ctx)
	equal(t, "the slow request", <-slow, "201 <nil>")
	equal(t, "exit code", service.end(), 0)
}

func TestEveryLineOfTheLogIsOneJSONObjectWithTimeLevelAndMessage(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(service.output.String()), "\n")
	for _, text := range lines {
		line := decoded[map[string]any](t, []byte(text))
		if line["timestamp"] == nil || line["level"] == nil || line["message"] == nil {
			t.Error(text)
		}
	}
	equal(t, "last", decoded[map[string]any](t, []byte(lines[len(lines)-1]))["message"], any("stopped"))
	if !regexp.MustCompile(`"route":"/notes","status":201`).MatchString(service.output.String()) {
		t.Error("no line for a request")
	}
}

func TestWithoutRedisURLItWorksUncached(t *testing.T) {
	service = serve(t, "DATABASE_URL="+postgresURL)
	answer := send(t, "GET", fmt.Sprintf("/notes/%d", add(t, "uncached").ID), "")
	equal(t, "cache", answer.header.Get("x-cache"), "off")
	_ = service.command.Process.Signal(syscall.SIGTERM)
	equal(t, "exit code", service.end(), 0)
}
