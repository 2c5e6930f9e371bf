-- Whom merchants sell to.

CREATE TABLE customers (
	merchant TEXT COLLATE "C" NOT NULL,
	id TEXT COLLATE "C" NOT NULL,
	reference TEXT COLLATE "C" NOT NULL,
	description TEXT NOT NULL,
	email TEXT NOT NULL,
	name TEXT NOT NULL,
	phone TEXT NOT NULL,
	zip_code TEXT NOT NULL,
	city TEXT NOT NULL,
	address TEXT NOT NULL,
	country TEXT NOT NULL,
	metadata BYTEA,
	created_at TIMESTAMPTZ,
	updated_at TIMESTAMPTZ,
	deleted_at TIMESTAMPTZ,
	PRIMARY KEY (merchant, id)
);

-- A merchant may give the id of a customer that it deleted to another one.
CREATE UNIQUE INDEX customers_reference ON customers (merchant, reference) WHERE reference <> '' AND deleted_at IS NULL;
CREATE INDEX customers_latest ON customers (merchant, created_at DESC NULLS LAST, id DESC) WHERE deleted_at IS NULL;
