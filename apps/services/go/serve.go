package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"
)

// drainTime is how long after SIGTERM everything is still answered, with Connection: close. A proxy sends requests on the
// connections that it has, and one that is closed under a request loses it.
const drainTime = time.Second

// stopLimit is what requests in flight may take after SIGTERM; SIGKILL comes after 30 s.
const stopLimit = 25 * time.Second

// serve answers HTTP until ctx ends, then finishes what is in flight.
func serve(ctx context.Context, settings settings) error {
	slog.SetDefault(slog.New(jsonLines(settings.logLevel)))
	database, err := openDatabase(context.Background(), settings.databaseURL)
	if err != nil {
		return err
	}
	defer database.pool.Close()
	cache, err := openCache(settings.redisURL, settings.redisPrefix)
	if err != nil {
		return err
	}
	defer cache.close()
	metrics := newMetrics()
	api := &api{database, notes{database}, cache, metrics}
	var draining atomic.Bool
	public, failed, err := listen(settings.port, askToReconnect(&draining, api.handler()))
	if err != nil {
		return err
	}
	internal, internalFailed, err := listen(settings.metricsPort, metrics.handler())
	if err != nil {
		return err
	}
	slog.Info("started", "service", service, "version", version(), "port", settings.port,
		"metricsPort", settings.metricsPort, "cache", settings.redisURL != "")
	select {
	case err = <-failed:
		return err
	case err = <-internalFailed:
		return err
	case <-ctx.Done():
	}
	slog.Info("stopping")
	draining.Store(true)
	time.Sleep(drainTime)
	limited, cancel := context.WithTimeout(context.Background(), stopLimit)
	defer cancel()
	if err := public.Shutdown(limited); err != nil {
		return fmt.Errorf("requests in flight took longer than %v: %w", stopLimit, err)
	}
	_ = internal.Close()
	slog.Info("stopped")
	return nil
}

func askToReconnect(draining *atomic.Bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if draining.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

func listen(port int, handler http.Handler) (*http.Server, <-chan error, error) {
	listener, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
	if err != nil {
		return nil, nil, err
	}
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		// Longer than Traefik keeps an idle connection, so that it is never the server that closes one in use.
		IdleTimeout: 120 * time.Second,
		ErrorLog:    slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	}()
	return server, failed, nil
}

func jsonLines(level slog.Level) slog.Handler {
	names := map[string]string{slog.TimeKey: "timestamp", slog.MessageKey: "message"}
	return slog.NewJSONHandler(os.Stdout, &slog.HandlerOptions{
		Level: level,
		ReplaceAttr: func(groups []string, field slog.Attr) slog.Attr {
			if name, ok := names[field.Key]; ok && len(groups) == 0 {
				field.Key = name
			}
			return field
		},
	})
}
