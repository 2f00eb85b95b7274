package main

import (
	"context"
	"embed"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migratePatience is how long the database may take to answer.
const migratePatience = 30 * time.Second

// migrateLock is any number that no other program uses in this database.
const migrateLock = 7_306_115

// migrate brings the schema up to this binary's: each file of migrations/ once, in the order of the names, each in a
// transaction of its own. Two runs at once wait for each other. Migrations that are not of this binary are left alone,
// so that an older image can be deployed again. It gives the names of the files that were applied now.
func migrate(ctx context.Context, url string) ([]string, error) {
	connection, err := connect(ctx, url)
	if err != nil {
		return nil, err
	}
	// Gives the lock back too.
	defer connection.Close(context.Background())
	for _, statement := range []string{
		"SET lock_timeout = '60s'",
		fmt.Sprintf("SELECT pg_advisory_lock(%d)", migrateLock),
		"CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())",
	} {
		if _, err := connection.Exec(ctx, statement); err != nil {
			return nil, err
		}
	}
	rows, err := connection.Query(ctx, "SELECT name FROM schema_migrations")
	if err != nil {
		return nil, err
	}
	done, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	// In the order of the names.
	files, err := migrations.ReadDir("migrations")
	if err != nil {
		return nil, err
	}
	applied := []string{}
	for _, file := range files {
		if slices.Contains(done, file.Name()) {
			continue
		}
		if err := apply(ctx, connection, file.Name()); err != nil {
			return applied, fmt.Errorf("migrations/%s: %w", file.Name(), err)
		}
		applied = append(applied, file.Name())
	}
	return applied, nil
}

func apply(ctx context.Context, connection *pgx.Conn, name string) error {
	sql, err := migrations.ReadFile("migrations/" + name)
	if err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, connection, func(transaction pgx.Tx) error {
		if _, err := transaction.Exec(ctx, string(sql)); err != nil {
			return err
		}
		_, err := transaction.Exec(ctx, "INSERT INTO schema_migrations (name) VALUES ($1)", name)
		return err
	})
}

func connect(ctx context.Context, url string) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, settingsError{"DATABASE_URL: is no URL that the driver takes; allowed: postgres://USER:PASSWORD@HOST:5432/DATABASE"}
	}
	config.ConnectTimeout = 2 * time.Second
	config.RuntimeParams["application_name"] = service + " migrate"
	for end := time.Now().Add(migratePatience); ; {
		connection, err := pgx.ConnectConfig(ctx, config)
		if err == nil {
			return connection, nil
		}
		if time.Now().After(end) || ctx.Err() != nil {
			return nil, fmt.Errorf("the database does not answer: %w", err)
		}
		time.Sleep(500 * time.Millisecond)
	}
}
