// Notes over HTTP: Postgres, a Redis cache, metrics.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const service = "service-go"

const usage = `usage: ` + service + ` serve | migrate | health | --version

  serve      answer HTTP on PORT until SIGTERM (the default)
  migrate    bring the database's schema up to this image's, and end
  health     ask the server on this host; exit 0 when it is well
  --version  print name and version

exit codes: 0 done, 1 failed, 64 wrong command line, 78 wrong settings`

func main() {
	// At once: process 1 of a container ignores SIGTERM as long as it has no handler.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	os.Exit(run(ctx, os.Args[1:]))
}

func run(ctx context.Context, words []string) int {
	command := "serve"
	if len(words) > 0 {
		command = words[0]
	}
	if len(words) > 1 {
		command = ""
	}
	var err error
	switch command {
	case "serve":
		err = serveWithSettings(ctx)
	case "migrate":
		err = migrateWithSettings(ctx)
	case "health":
		err = askHealth(os.Getenv("PORT"))
	case "--version":
		fmt.Println(service, version())
	default:
		fmt.Fprintln(os.Stderr, usage)
		return 64
	}
	var wrong settingsError
	if errors.As(err, &wrong) {
		fmt.Fprintln(os.Stderr, wrong)
		return 78
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", service, err)
		return 1
	}
	return 0
}

func serveWithSettings(ctx context.Context) error {
	settings, err := readSettings(os.Getenv)
	if err != nil {
		return err
	}
	return serve(ctx, settings)
}

func migrateWithSettings(ctx context.Context) error {
	url, err := readDatabaseURL(os.Getenv)
	if err != nil {
		return err
	}
	applied, err := migrate(ctx, url)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{
		"timestamp": time.Now().UTC(), "level": "INFO", "message": "migrated", "applied": applied,
	})
}

// version is that of the image: its build argument VERSION.
func version() string {
	if text := os.Getenv("VERSION"); text != "" {
		return text
	}
	return "0.0.0"
}
