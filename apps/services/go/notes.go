package main

import (
	"context"
	"time"
)

const columns = "id, title, body, created_at"

type note struct {
	ID        int64     `json:"id"`
	Title     string    `json:"title"`
	Body      string    `json:"body"`
	CreatedAt time.Time `json:"createdAt"`
}

// notes are those in the database. Every method fails with errUnavailable when it is away.
type notes struct{ database *database }

func (n notes) add(ctx context.Context, title, body string) (note, error) {
	sql := "INSERT INTO notes (title, body) VALUES ($1, $2) RETURNING " + columns
	found, err := query[note](ctx, n.database, sql, title, body)
	if err != nil {
		return note{}, err
	}
	return found[0].inUTC(), nil
}

// list gives the newest first, at most limit, only those with an id below before; 0 is no bound.
func (n notes) list(ctx context.Context, limit, before int64) ([]note, error) {
	sql := "SELECT " + columns + " FROM notes WHERE $2::bigint = 0 OR id < $2 ORDER BY id DESC LIMIT $1"
	found, err := query[note](ctx, n.database, sql, limit, before)
	for i := range found {
		found[i] = found[i].inUTC()
	}
	return found, err
}

// find gives nil where there is no such note.
func (n notes) find(ctx context.Context, id int64) (*note, error) {
	found, err := query[note](ctx, n.database, "SELECT "+columns+" FROM notes WHERE id = $1", id)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	result := found[0].inUTC()
	return &result, nil
}

// remove tells whether it was there.
func (n notes) remove(ctx context.Context, id int64) (bool, error) {
	type row struct{ ID int64 }
	found, err := query[row](ctx, n.database, "DELETE FROM notes WHERE id = $1 RETURNING id", id)
	return len(found) > 0, err
}

func (n note) inUTC() note {
	n.CreatedAt = n.CreatedAt.UTC().Truncate(time.Millisecond)
	return n
}
