package main

import (
	_ "embed"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const bodyLimit = 64 << 10 // bytes

// What it is, and what to try.
//
//go:embed page.html
var page []byte

type api struct {
	database *database
	notes    notes
	cache    *cache
	metrics  *metrics
}

// handler has the routes, and one log line and one count a request.
func (a *api) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("content-type", "text/html; charset=utf-8")
		_, _ = w.Write(page)
	})
	mux.HandleFunc("GET /health", a.health)
	mux.HandleFunc("POST /notes", a.add)
	mux.HandleFunc("GET /notes", a.list)
	mux.HandleFunc("GET /notes/{id}", a.find)
	mux.HandleFunc("DELETE /notes/{id}", a.remove)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { refuse(w, http.StatusNotFound, "no such route") })
	return a.observed(mux)
}

func (a *api) health(w http.ResponseWriter, r *http.Request) {
	code, status, state := http.StatusOK, "ok", "connected"
	if !a.database.answers(r.Context()) {
		code, status, state = http.StatusServiceUnavailable, "error", "disconnected"
	}
	answer(w, code, map[string]any{
		"status": status, "timestamp": time.Now().UTC(), "service": service, "version": version(), "database": state,
	})
}

func (a *api) add(w http.ResponseWriter, r *http.Request) {
	var input struct {
		Title *string `json:"title"`
		Body  string  `json:"body"`
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, bodyLimit))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&input)
	if err == nil && decoder.More() {
		err = errors.New("more than one value")
	}
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		refuse(w, http.StatusRequestEntityTooLarge, "body is longer than 65536 bytes")
	case errors.Is(err, io.EOF):
		refuse(w, http.StatusBadRequest, "body: is empty")
	case err != nil:
		refuse(w, http.StatusBadRequest, "body: "+strings.TrimPrefix(err.Error(), "json: "))
	case input.Title == nil || !isText(*input.Title, 1, 200):
		refuse(w, http.StatusBadRequest, "body: title must be a text of 1 to 200 characters")
	case !isText(input.Body, 0, 10_000):
		refuse(w, http.StatusBadRequest, "body: body must be a text of at most 10000 characters")
	default:
		added, err := a.notes.add(r.Context(), *input.Title, input.Body)
		if err != nil {
			fail(w, err)
			return
		}
		w.Header().Set("location", "/notes/"+strconv.FormatInt(added.ID, 10))
		answer(w, http.StatusCreated, added)
	}
}

func (a *api) list(w http.ResponseWriter, r *http.Request) {
	limit, before := int64(50), int64(0)
	if text := r.URL.Query().Get("limit"); text != "" {
		if limit = idOf(text); limit < 1 || limit > 100 {
			refuse(w, http.StatusBadRequest, "limit must be from 1 to 100")
			return
		}
	}
	if text := r.URL.Query().Get("before"); text != "" {
		if before = idOf(text); before == 0 {
			refuse(w, http.StatusBadRequest, "before must be the id of a note")
			return
		}
	}
	found, err := a.notes.list(r.Context(), limit, before)
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, http.StatusOK, map[string]any{"notes": append([]note{}, found...)})
}

func (a *api) find(w http.ResponseWriter, r *http.Request) {
	id := idOf(r.PathValue("id"))
	if id == 0 {
		refuse(w, http.StatusNotFound, "no such note")
		return
	}
	outcome, value := a.cache.read(r.Context(), id)
	a.metrics.cacheReads.WithLabelValues(outcome).Inc()
	w.Header().Set("x-cache", outcome)
	if outcome != cacheHit {
		found, err := a.notes.find(r.Context(), id)
		if err != nil {
			fail(w, err)
			return
		}
		if found != nil {
			content, _ := json.Marshal(found)
			a.cache.fill(r.Context(), id, content)
			value = string(content)
		}
	}
	if value == "" {
		refuse(w, http.StatusNotFound, "no such note")
		return
	}
	answer(w, http.StatusOK, json.RawMessage(value))
}

func (a *api) remove(w http.ResponseWriter, r *http.Request) {
	id := idOf(r.PathValue("id"))
	removed := false
	if id > 0 {
		var err error
		if removed, err = a.notes.remove(r.Context(), id); err != nil {
			fail(w, err)
			return
		}
	}
	if !removed {
		refuse(w, http.StatusNotFound, "no such note")
		return
	}
	a.cache.forget(r.Context(), id)
	w.WriteHeader(http.StatusNoContent)
}

// idOf gives 0 for what is no id.
func idOf(text string) int64 {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 || text[0] == '+' {
		return 0
	}
	return id
}

func isText(text string, shortest, longest int) bool {
	length := utf8.RuneCountInString(text)
	// Postgres keeps no NUL in a text.
	return length >= shortest && length <= longest && !strings.ContainsRune(text, 0)
}

func answer(w http.ResponseWriter, status int, value any) {
	w.Header().Set("content-type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}

func refuse(w http.ResponseWriter, status int, reason string) {
	answer(w, status, map[string]string{"error": reason})
}

func fail(w http.ResponseWriter, err error) {
	slog.Error("request failed", "error", err.Error())
	if errors.Is(err, errUnavailable) {
		refuse(w, http.StatusServiceUnavailable, errUnavailable.Error())
		return
	}
	refuse(w, http.StatusInternalServerError, "internal error")
}

func (a *api) observed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, answered := time.Now(), &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(answered, r)
		// The pattern is "METHOD /path", "GET /{$}" for "/" itself, and "/" where no route was found.
		_, route, found := strings.Cut(r.Pattern, " ")
		route = strings.TrimSuffix(route, "{$}")
		if !found {
			route = "none"
		}
		took := time.Since(began)
		a.metrics.answered(methodOf(r), route, answered.status, took)
		level := slog.LevelInfo
		if route == "/health" {
			level = slog.LevelDebug
		}
		slog.Log(r.Context(), level, "request",
			"method", methodOf(r), "route", route, "status", answered.status, "milliseconds", took.Milliseconds())
	})
}

// methodOf keeps methods that a client made up out of the metrics.
func methodOf(r *http.Request) string {
	switch r.Method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
		return r.Method
	}
	return "other"
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.MaxBytesReader close the connection of a body that is too long.
func (w *statusWriter) Unwrap() http.ResponseWriter {
	return w.ResponseWriter
}
