-- Whom merchants sell to.

CREATE TABLE customers (
	merchant TEXT NOT NULL,
	id TEXT NOT NULL,
	reference TEXT NOT NULL,
	description TEXT NOT NULL,
	email TEXT NOT NULL,
	name TEXT NOT NULL,
	phone TEXT NOT NULL,
	zip_code TEXT NOT NULL,
	city TEXT NOT NULL,
	address TEXT NOT NULL,
	country TEXT NOT NULL,
	metadata BLOB,
	created_at INTEGER,
	updated_at INTEGER,
	deleted_at INTEGER,
	PRIMARY KEY (merchant, id)
) STRICT;

-- A merchant may give the id of a customer that it deleted to another one.
CREATE UNIQUE INDEX customers_reference ON customers (merchant, reference) WHERE reference <> '' AND deleted_at IS NULL;
CREATE INDEX customers_latest ON customers (merchant, created_at DESC, id DESC) WHERE deleted_at IS NULL;
