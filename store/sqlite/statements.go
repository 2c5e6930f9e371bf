package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// statements keeps each statement prepared from its first use on.
type statements struct {
	prepare func(ctx context.Context, query string) (*sql.Stmt, error)
	mu      sync.RWMutex
	byQuery map[string]*sql.Stmt // guarded by mu
}

func newStatements(prepare func(ctx context.Context, query string) (*sql.Stmt, error)) *statements {
	return &statements{prepare: prepare, byQuery: map[string]*sql.Stmt{}}
}

func (s *statements) get(query string) (*sql.Stmt, error) {
	s.mu.RLock()
	stmt := s.byQuery[query]
	s.mu.RUnlock()
	if stmt != nil {
		return stmt, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if stmt := s.byQuery[query]; stmt != nil {
		return stmt, nil
	}
	// It outlives the call that happens to be the first, so it does not depend on that call's context.
	stmt, err := s.prepare(context.Background(), query)
	if err != nil {
		return nil, err
	}
	s.byQuery[query] = stmt
	return stmt, nil
}

func (s *statements) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, stmt := range s.byQuery {
		errs = append(errs, stmt.Close())
	}
	clear(s.byQuery)
	return errors.Join(errs...)
}

// closeDatabases closes what Open opened, as far as it got.
func (s *Store) closeDatabases() error {
	var errs []error
	if s.reads != nil {
		errs = append(errs, s.reads.close())
	}
	for _, db := range []*sql.DB{s.readDB, s.writeDB} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}
