package main

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// A statement's own limit is shorter: this one is for an answer that never comes because the host is gone.
const queryLimit = 12 * time.Second

// errUnavailable: the database can't be reached, or refuses work for now.
var errUnavailable = errors.New("database unavailable")

// database is a pool of connections that survives the database's absence.
type database struct{ pool *pgxpool.Pool }

func openDatabase(ctx context.Context, url string) (*database, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, settingsError{"DATABASE_URL: is no URL that the driver takes; allowed: postgres://USER:PASSWORD@HOST:5432/DATABASE"}
	}
	config.MaxConns = 10
	config.ConnConfig.ConnectTimeout = 2 * time.Second
	config.ConnConfig.RuntimeParams["application_name"] = service
	config.ConnConfig.RuntimeParams["statement_timeout"] = "10s"
	pool, err := pgxpool.NewWithConfig(ctx, config)
	return &database{pool}, err
}

// query returns the rows as values of T, field by field in the order of the columns.
// An error is errUnavailable when another try later may work.
func query[T any](ctx context.Context, d *database, sql string, values ...any) ([]T, error) {
	ctx, cancel := context.WithTimeout(ctx, queryLimit)
	defer cancel()
	rows, err := d.pool.Query(ctx, sql, values...)
	if err == nil {
		var found []T
		if found, err = pgx.CollectRows(rows, pgx.RowToStructByPos[T]); err == nil {
			return found, nil
		}
	}
	if isRefusal(err) {
		return nil, err
	}
	return nil, errors.Join(errUnavailable, err)
}

// answers tells whether the database answers within 2 seconds.
func (d *database) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	return d.pool.Ping(ctx) == nil
}

// isRefusal tells whether Postgres took the statement and found it wrong, so that trying again later is no use.
func isRefusal(err error) bool {
	var refusal *pgconn.PgError
	if !errors.As(err, &refusal) {
		return false
	}
	switch refusal.Code[:2] {
	case "08", "53", "57": // connection, resources, operator's intervention (shutdown, time limit)
		return false
	}
	return true
}
