package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
)

type settings struct {
	port        int    // of the API; 8080 when PORT is not set
	metricsPort int    // of /metrics alone: no route leads to it; 9090 when METRICS_PORT is not set
	databaseURL string // postgres://USER:PASSWORD@HOST:5432/DATABASE; secret
	redisURL    string // redis://USER:PASSWORD@HOST:6379; secret; "" is no cache
	redisPrefix string // what all keys begin with
	logLevel    slog.Level
}

// settingsError has all wrong settings; no message has a value that may be secret.
type settingsError []string

func (problems settingsError) Error() string {
	return service + ": wrong settings\n  " + strings.Join(problems, "\n  ")
}

// readSettings fails with a settingsError that has every problem at once.
func readSettings(get func(string) string) (settings, error) {
	reader := reader{get: get}
	result := settings{
		port:        reader.port("PORT", 8080),
		metricsPort: reader.port("METRICS_PORT", 9090),
		databaseURL: reader.databaseURL(),
		logLevel:    reader.logLevel(),
	}
	result.redisURL, result.redisPrefix = reader.cache()
	if result.port == result.metricsPort {
		reader.problem("METRICS_PORT: is the same as PORT; allowed: another port")
	}
	return result, reader.finish()
}

// readDatabaseURL reads what migrate needs: the database and nothing else.
func readDatabaseURL(get func(string) string) (string, error) {
	reader := reader{get: get}
	return reader.databaseURL(), reader.finish()
}

type reader struct {
	get      func(string) string
	problems settingsError
}

func (r *reader) problem(format string, values ...any) {
	r.problems = append(r.problems, fmt.Sprintf(format, values...))
}

func (r *reader) finish() error {
	if len(r.problems) == 0 {
		return nil
	}
	return r.problems
}

func (r *reader) port(name string, fallback int) int {
	text := r.get(name)
	if text == "" {
		return fallback
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 {
		r.problem("%s: is %q; allowed: a port from 1 to 65535", name, text)
	}
	return int(port)
}

func (r *reader) logLevel() slog.Level {
	text := r.get("LOG_LEVEL")
	if text == "" {
		return slog.LevelInfo
	}
	var level slog.Level
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, text) || level.UnmarshalText([]byte(text)) != nil {
		r.problem("LOG_LEVEL: is %q; allowed: debug, info, warn, error", text)
	}
	return level
}

func (r *reader) databaseURL() string {
	text, ok := r.secret("DATABASE_URL")
	switch {
	case ok && text == "":
		r.problem("DATABASE_URL: is missing; set it, or DATABASE_URL_FILE to a file that holds it")
	case ok:
		r.checkURL("DATABASE_URL", text, "postgres://USER:PASSWORD@HOST:5432/DATABASE", "postgres", "postgresql")
	}
	return text
}

func (r *reader) cache() (url, prefix string) {
	url, ok := r.secret("REDIS_URL")
	if !ok || url == "" {
		return "", ""
	}
	r.checkURL("REDIS_URL", url, "redis://USER:PASSWORD@HOST:6379", "redis", "rediss")
	prefix = r.get("REDIS_PREFIX")
	if prefix == "" {
		r.problem("REDIS_PREFIX: is missing, and REDIS_URL is set; allowed: what all keys begin with, for example service-go:")
	}
	return url, prefix
}

// secret is the value of NAME, or of the file that NAME_FILE names; "" without either; not ok after a problem.
func (r *reader) secret(name string) (value string, ok bool) {
	plain, file := r.get(name), r.get(name+"_FILE")
	if plain != "" && file != "" {
		r.problem("%s: is set, and %s_FILE too; allowed: one of the two", name, name)
		return "", false
	}
	if file == "" {
		return plain, true
	}
	content, err := os.ReadFile(file)
	if err != nil {
		var reason *fs.PathError
		if errors.As(err, &reason) {
			err = reason.Err
		}
		r.problem("%s_FILE: names a file that can't be read, %s (%v)", name, file, err)
		return "", false
	}
	text := strings.TrimSuffix(strings.TrimSuffix(string(content), "\n"), "\r")
	if text == "" {
		r.problem("%s_FILE: names an empty file, %s", name, file)
		return "", false
	}
	return text, true
}

func (r *reader) checkURL(name, text, form string, schemes ...string) {
	parsed, err := url.Parse(text)
	if err != nil || !slices.Contains(schemes, parsed.Scheme) || parsed.Hostname() == "" {
		r.problem("%s: is no such URL; allowed: %s", name, form)
	}
}
