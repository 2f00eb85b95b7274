package main

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// How a read of the cache ended.
const (
	cacheHit   = "hit"
	cacheMiss  = "miss"
	cacheError = "error" // Redis is away
	cacheOff   = "off"   // no Redis configured
)

const (
	cacheLifetime = 60 * time.Second
	cachePatience = 250 * time.Millisecond
)

// cache has notes in Redis, as JSON. Without Redis every read is a miss: no method fails, and none waits longer than
// cachePatience.
//
// A removed note leaves an empty value behind, and a read fills only what has no value. So a slow reader can't bring a
// note back that was removed while it read. When Redis is away during the removal, the note stays for at most a minute.
type cache struct {
	client *redis.Client // nil is off
	prefix string
	away   atomic.Bool
}

func openCache(url, prefix string) (*cache, error) {
	if url == "" {
		return &cache{}, nil
	}
	options, err := redis.ParseURL(url)
	if err != nil {
		return nil, settingsError{"REDIS_URL: is no URL that the driver takes; allowed: redis://USER:PASSWORD@HOST:6379"}
	}
	options.DialTimeout = cachePatience
	options.DialerRetries = 1
	options.MaxRetries = -1
	options.ContextTimeoutEnabled = true
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	// It would write lines that are no JSON; this cache tells of what fails itself.
	redis.SetLogger(silent{})
	return &cache{client: redis.NewClient(options), prefix: prefix}, nil
}

// read gives "" for a note that was removed.
func (c *cache) read(ctx context.Context, id int64) (outcome, value string) {
	if c.client == nil {
		return cacheOff, ""
	}
	ctx, cancel := context.WithTimeout(ctx, cachePatience)
	defer cancel()
	value, err := c.client.Get(ctx, c.key(id)).Result()
	if errors.Is(err, redis.Nil) {
		c.tell(nil)
		return cacheMiss, ""
	}
	c.tell(err)
	if err != nil {
		return cacheError, ""
	}
	return cacheHit, value
}

func (c *cache) fill(ctx context.Context, id int64, value []byte) {
	c.set(ctx, id, value, "NX")
}

func (c *cache) forget(ctx context.Context, id int64) {
	c.set(ctx, id, nil, "")
}

func (c *cache) set(ctx context.Context, id int64, value []byte, mode string) {
	if c.client == nil {
		return
	}
	// The client may be gone; the note still has to be.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cachePatience)
	defer cancel()
	err := c.client.SetArgs(ctx, c.key(id), value, redis.SetArgs{Mode: mode, TTL: cacheLifetime}).Err()
	if !errors.Is(err, redis.Nil) {
		c.tell(err)
	}
}

func (c *cache) close() {
	if c.client != nil {
		_ = c.client.Close()
	}
}

func (c *cache) key(id int64) string {
	return c.prefix + "note:" + strconv.FormatInt(id, 10)
}

// tell logs one line when Redis goes, and one when it is back; not one a request.
func (c *cache) tell(err error) {
	if away := err != nil; c.away.Swap(away) != away {
		if away {
			slog.Warn("cache unavailable", "error", err.Error())
		} else {
			slog.Info("cache available again")
		}
	}
}

type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}
