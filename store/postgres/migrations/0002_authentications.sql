-- Authentications of cardholders, redirect payments, reauthorizations, and the table of card ranges.

ALTER TABLE tokens ADD COLUMN recurrence TEXT NOT NULL DEFAULT '';
ALTER TABLE tokens ADD COLUMN network_token BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE tokens ADD COLUMN authentication TEXT NOT NULL DEFAULT '';

ALTER TABLE payments ADD COLUMN reauthorized BIGINT NOT NULL DEFAULT 0;
ALTER TABLE payments ADD COLUMN recurrence TEXT NOT NULL DEFAULT '';
ALTER TABLE payments ADD COLUMN authentication TEXT NOT NULL DEFAULT '';
ALTER TABLE payments ADD COLUMN advice TEXT NOT NULL DEFAULT '';

DROP INDEX payments_pending;
CREATE INDEX payments_pending ON payments (merchant)
	WHERE state IN ('authorizing', 'reversing', 'capturing', 'uncapturing', 'extending', 'unextending', 'reducing', 'releasing', 'voiding', 'refunding');

-- target is the reauthorization that a void gives back.
ALTER TABLE operations ADD COLUMN target TEXT NOT NULL DEFAULT '';

CREATE TABLE authentications (
	merchant TEXT COLLATE "C" NOT NULL,
	id TEXT COLLATE "C" NOT NULL,
	kind TEXT NOT NULL,
	state TEXT NOT NULL,
	reason TEXT NOT NULL,
	token TEXT NOT NULL,
	mode TEXT NOT NULL,
	return_url TEXT NOT NULL,
	origin TEXT NOT NULL,
	acs_url TEXT NOT NULL,
	acs_id TEXT NOT NULL,
	by_link BOOLEAN NOT NULL,
	eci TEXT NOT NULL,
	proof TEXT NOT NULL,
	xid TEXT NOT NULL,
	version TEXT NOT NULL,
	directory_server_id TEXT NOT NULL,
	collection_indicator TEXT NOT NULL,
	code_digest BYTEA,
	payment TEXT NOT NULL,
	attempts BIGINT NOT NULL,
	created_at TIMESTAMPTZ,
	expires_at TIMESTAMPTZ,
	updated_at TIMESTAMPTZ,
	PRIMARY KEY (merchant, id)
);

-- What proved nothing is forgotten; proofs are kept and need not be found by their age.
CREATE INDEX authentications_unproven ON authentications (merchant, created_at) WHERE state <> 'authenticated';

CREATE TABLE redirects (
	merchant TEXT COLLATE "C" NOT NULL,
	id TEXT COLLATE "C" NOT NULL,
	state TEXT NOT NULL,
	kind TEXT NOT NULL,
	total BIGINT NOT NULL,
	currency TEXT COLLATE "C" NOT NULL,
	payment TEXT NOT NULL,
	email TEXT NOT NULL,
	description TEXT NOT NULL,
	return_url TEXT NOT NULL,
	details BYTEA,
	created_at TIMESTAMPTZ,
	expires_at TIMESTAMPTZ,
	updated_at TIMESTAMPTZ,
	PRIMARY KEY (merchant, id)
);

CREATE INDEX redirects_requested ON redirects (merchant, expires_at) WHERE state = 'requested';

-- One row, of the installation.
CREATE TABLE bin_files (
	name TEXT NOT NULL PRIMARY KEY,
	version BIGINT NOT NULL,
	ranges BIGINT NOT NULL,
	imported_at TIMESTAMPTZ,
	data BYTEA
);
