-- Times are NULL for a zero time, empty bytes are NULL. What is ordered or compared by more than equality is
-- in the collation "C", so that both engines agree on the order. A key's name is bytes, because a header may
-- hold any. Every key begins with the merchant, so that merchant can be the distribution key.

CREATE TABLE merchants (
	merchant TEXT COLLATE "C" NOT NULL PRIMARY KEY,
	profile BYTEA,
	secrets_record TEXT NOT NULL,
	secrets BYTEA,
	created_at TIMESTAMPTZ
);

-- A credential finds a merchant, so it is a key that does not begin with the merchant.
CREATE TABLE credentials (
	kind TEXT COLLATE "C" NOT NULL,
	hash TEXT COLLATE "C" NOT NULL,
	merchant TEXT COLLATE "C" NOT NULL,
	position BIGINT NOT NULL,
	PRIMARY KEY (kind, hash)
);

CREATE INDEX credentials_merchant ON credentials (merchant, position);

CREATE TABLE tokens (
	merchant TEXT COLLATE "C" NOT NULL,
	id TEXT COLLATE "C" NOT NULL,
	use TEXT NOT NULL,
	card_record TEXT NOT NULL,
	card BYTEA,
	cvv_record TEXT NOT NULL,
	cvv BYTEA,
	bin TEXT NOT NULL,
	last_four TEXT NOT NULL,
	length BIGINT NOT NULL,
	brand TEXT NOT NULL,
	type TEXT NOT NULL,
	bank TEXT NOT NULL,
	country TEXT NOT NULL,
	holder TEXT NOT NULL,
	expiry TEXT NOT NULL,
	fingerprint TEXT NOT NULL,
	total BIGINT NOT NULL,
	currency TEXT COLLATE "C" NOT NULL,
	deferred BOOLEAN NOT NULL,
	details BYTEA,
	created_at TIMESTAMPTZ,
	expires_at TIMESTAMPTZ,
	spent_at TIMESTAMPTZ,
	PRIMARY KEY (merchant, id)
);

-- What still holds a card is forgotten at its expiry; what holds none is only deleted, much later.
CREATE INDEX tokens_holding ON tokens (merchant, expires_at) WHERE card IS NOT NULL OR cvv IS NOT NULL;
CREATE INDEX tokens_bare ON tokens (merchant, expires_at) WHERE card IS NULL AND cvv IS NULL;

CREATE TABLE payments (
	merchant TEXT COLLATE "C" NOT NULL,
	id TEXT COLLATE "C" NOT NULL,
	ticket TEXT COLLATE "C" NOT NULL,
	kind TEXT COLLATE "C" NOT NULL,
	state TEXT NOT NULL,
	amount BIGINT NOT NULL,
	currency TEXT COLLATE "C" NOT NULL,
	captured BIGINT NOT NULL,
	refunded BIGINT NOT NULL,
	token TEXT NOT NULL,
	subscription TEXT NOT NULL,
	card_record TEXT NOT NULL,
	card BYTEA,
	bin TEXT NOT NULL,
	last_four TEXT NOT NULL,
	length BIGINT NOT NULL,
	brand TEXT NOT NULL,
	type TEXT NOT NULL,
	bank TEXT NOT NULL,
	country TEXT NOT NULL,
	holder TEXT NOT NULL,
	expiry TEXT NOT NULL,
	trace_stan BIGINT NOT NULL,
	trace_rrn TEXT NOT NULL,
	trace_sent_at TIMESTAMPTZ,
	follow_stan BIGINT NOT NULL,
	follow_rrn TEXT NOT NULL,
	follow_sent_at TIMESTAMPTZ,
	capture_stan BIGINT NOT NULL,
	capture_rrn TEXT NOT NULL,
	capture_sent_at TIMESTAMPTZ,
	operation TEXT NOT NULL,
	attempts BIGINT NOT NULL,
	due_at TIMESTAMPTZ,
	expires_at TIMESTAMPTZ,
	response_code TEXT NOT NULL,
	approval_code TEXT NOT NULL,
	dialect TEXT NOT NULL,
	details BYTEA,
	created_at TIMESTAMPTZ,
	updated_at TIMESTAMPTZ,
	PRIMARY KEY (merchant, id)
);

-- Indexes of tickets hold every row all the same; being partial keeps them out of plans for questions that name no
-- ticket, which PostgreSQL may otherwise make while the tables are empty, and then walk all rows of a merchant.
CREATE UNIQUE INDEX payments_ticket ON payments (merchant, ticket) WHERE ticket IS NOT NULL;
CREATE INDEX payments_due ON payments (merchant, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX payments_pending ON payments (merchant)
	WHERE state IN ('authorizing', 'reversing', 'capturing', 'uncapturing', 'releasing', 'voiding', 'refunding');

CREATE TABLE operations (
	merchant TEXT COLLATE "C" NOT NULL,
	id TEXT COLLATE "C" NOT NULL,
	payment TEXT COLLATE "C" NOT NULL,
	ticket TEXT COLLATE "C" NOT NULL,
	kind TEXT COLLATE "C" NOT NULL,
	state TEXT NOT NULL,
	amount BIGINT NOT NULL,
	currency TEXT COLLATE "C" NOT NULL,
	trace_stan BIGINT NOT NULL,
	trace_rrn TEXT NOT NULL,
	trace_sent_at TIMESTAMPTZ,
	response_code TEXT NOT NULL,
	approval_code TEXT NOT NULL,
	details BYTEA,
	created_at TIMESTAMPTZ,
	updated_at TIMESTAMPTZ,
	PRIMARY KEY (merchant, id)
);

CREATE UNIQUE INDEX operations_ticket ON operations (merchant, ticket) WHERE ticket IS NOT NULL;

CREATE TABLE subscriptions (
	merchant TEXT COLLATE "C" NOT NULL,
	id TEXT COLLATE "C" NOT NULL,
	state TEXT NOT NULL,
	card_record TEXT NOT NULL,
	card BYTEA,
	bin TEXT NOT NULL,
	last_four TEXT NOT NULL,
	length BIGINT NOT NULL,
	brand TEXT NOT NULL,
	type TEXT NOT NULL,
	bank TEXT NOT NULL,
	country TEXT NOT NULL,
	holder TEXT NOT NULL,
	expiry TEXT NOT NULL,
	fingerprint TEXT NOT NULL,
	plan TEXT NOT NULL,
	periodicity TEXT NOT NULL,
	amount BIGINT NOT NULL,
	currency TEXT COLLATE "C" NOT NULL,
	start_date TEXT NOT NULL,
	end_date TEXT NOT NULL,
	details BYTEA,
	due_at TIMESTAMPTZ,
	created_at TIMESTAMPTZ,
	updated_at TIMESTAMPTZ,
	PRIMARY KEY (merchant, id)
);

CREATE INDEX subscriptions_due ON subscriptions (merchant, due_at) WHERE due_at IS NOT NULL;

CREATE TABLE idempotency_keys (
	merchant TEXT COLLATE "C" NOT NULL,
	name BYTEA NOT NULL,
	digest BYTEA,
	holder TEXT NOT NULL,
	status BIGINT NOT NULL,
	answer BYTEA,
	created_at TIMESTAMPTZ,
	expires_at TIMESTAMPTZ,
	PRIMARY KEY (merchant, name)
);

CREATE INDEX idempotency_keys_expiry ON idempotency_keys (merchant, expires_at);

-- roll_ups says up to which posting balances hold what was posted; a merchant without a row was never
-- rolled up.
CREATE TABLE roll_ups (
	merchant TEXT COLLATE "C" NOT NULL PRIMARY KEY,
	up_to TEXT COLLATE "C" NOT NULL
);

CREATE TABLE balances (
	merchant TEXT COLLATE "C" NOT NULL,
	currency TEXT COLLATE "C" NOT NULL,
	account TEXT COLLATE "C" NOT NULL,
	amount BIGINT NOT NULL,
	PRIMARY KEY (merchant, currency, account)
);

CREATE TABLE postings (
	merchant TEXT COLLATE "C" NOT NULL,
	id TEXT COLLATE "C" NOT NULL,
	payment TEXT COLLATE "C" NOT NULL,
	event TEXT NOT NULL,
	debit TEXT NOT NULL,
	credit TEXT NOT NULL,
	amount BIGINT NOT NULL CHECK (amount > 0),
	currency TEXT COLLATE "C" NOT NULL,
	at TIMESTAMPTZ,
	PRIMARY KEY (merchant, id)
);

CREATE INDEX postings_payment ON postings (merchant, payment);

CREATE FUNCTION postings_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'postings are append-only: post the opposite instead';
END
$$;

CREATE TRIGGER postings_keep BEFORE UPDATE OR DELETE ON postings
	FOR EACH ROW EXECUTE FUNCTION postings_refuse();

CREATE TRIGGER postings_stay BEFORE TRUNCATE ON postings
	FOR EACH STATEMENT EXECUTE FUNCTION postings_refuse();

CREATE TABLE keysets (
	name TEXT NOT NULL PRIMARY KEY,
	version BIGINT NOT NULL,
	sealed BYTEA
);

-- pings is written by Ping, so that a full or read-only disk shows.
CREATE TABLE pings (
	name TEXT NOT NULL PRIMARY KEY,
	times BIGINT NOT NULL
);
