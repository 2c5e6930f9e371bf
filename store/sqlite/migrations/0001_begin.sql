-- Times are microseconds since 1970 in UTC, NULL for a zero time. Empty bytes are NULL. Tables grow at their
-- end (rowid); what is random lies in the primary key's index alone.

CREATE TABLE merchants (
	merchant TEXT NOT NULL PRIMARY KEY,
	profile BLOB,
	secrets_record TEXT NOT NULL,
	secrets BLOB,
	created_at INTEGER
) STRICT;

-- A credential finds a merchant, so it is the one key that does not begin with the merchant.
CREATE TABLE credentials (
	kind TEXT NOT NULL,
	hash TEXT NOT NULL,
	merchant TEXT NOT NULL,
	position INTEGER NOT NULL,
	PRIMARY KEY (kind, hash)
) STRICT;

CREATE INDEX credentials_merchant ON credentials (merchant, position);

CREATE TABLE tokens (
	merchant TEXT NOT NULL,
	id TEXT NOT NULL,
	use TEXT NOT NULL,
	card_record TEXT NOT NULL,
	card BLOB,
	cvv_record TEXT NOT NULL,
	cvv BLOB,
	bin TEXT NOT NULL,
	last_four TEXT NOT NULL,
	length INTEGER NOT NULL,
	brand TEXT NOT NULL,
	type TEXT NOT NULL,
	bank TEXT NOT NULL,
	country TEXT NOT NULL,
	holder TEXT NOT NULL,
	expiry TEXT NOT NULL,
	fingerprint TEXT NOT NULL,
	total INTEGER NOT NULL,
	currency TEXT NOT NULL,
	deferred INTEGER NOT NULL,
	details BLOB,
	created_at INTEGER,
	expires_at INTEGER,
	spent_at INTEGER,
	PRIMARY KEY (merchant, id)
) STRICT;

-- What still holds a card is forgotten at its expiry; what holds none is only deleted, much later.
CREATE INDEX tokens_holding ON tokens (merchant, expires_at) WHERE card IS NOT NULL OR cvv IS NOT NULL;
CREATE INDEX tokens_bare ON tokens (merchant, expires_at) WHERE card IS NULL AND cvv IS NULL;

CREATE TABLE payments (
	merchant TEXT NOT NULL,
	id TEXT NOT NULL,
	ticket TEXT NOT NULL,
	kind TEXT NOT NULL,
	state TEXT NOT NULL,
	amount INTEGER NOT NULL,
	currency TEXT NOT NULL,
	captured INTEGER NOT NULL,
	refunded INTEGER NOT NULL,
	token TEXT NOT NULL,
	subscription TEXT NOT NULL,
	card_record TEXT NOT NULL,
	card BLOB,
	bin TEXT NOT NULL,
	last_four TEXT NOT NULL,
	length INTEGER NOT NULL,
	brand TEXT NOT NULL,
	type TEXT NOT NULL,
	bank TEXT NOT NULL,
	country TEXT NOT NULL,
	holder TEXT NOT NULL,
	expiry TEXT NOT NULL,
	trace_stan INTEGER NOT NULL,
	trace_rrn TEXT NOT NULL,
	trace_sent_at INTEGER,
	follow_stan INTEGER NOT NULL,
	follow_rrn TEXT NOT NULL,
	follow_sent_at INTEGER,
	capture_stan INTEGER NOT NULL,
	capture_rrn TEXT NOT NULL,
	capture_sent_at INTEGER,
	operation TEXT NOT NULL,
	attempts INTEGER NOT NULL,
	due_at INTEGER,
	expires_at INTEGER,
	response_code TEXT NOT NULL,
	approval_code TEXT NOT NULL,
	dialect TEXT NOT NULL,
	details BLOB,
	created_at INTEGER,
	updated_at INTEGER,
	PRIMARY KEY (merchant, id)
) STRICT;

CREATE UNIQUE INDEX payments_ticket ON payments (merchant, ticket);
CREATE INDEX payments_due ON payments (merchant, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX payments_pending ON payments (merchant)
	WHERE state IN ('authorizing', 'reversing', 'capturing', 'uncapturing', 'releasing', 'voiding', 'refunding');

CREATE TABLE operations (
	merchant TEXT NOT NULL,
	id TEXT NOT NULL,
	payment TEXT NOT NULL,
	ticket TEXT NOT NULL,
	kind TEXT NOT NULL,
	state TEXT NOT NULL,
	amount INTEGER NOT NULL,
	currency TEXT NOT NULL,
	trace_stan INTEGER NOT NULL,
	trace_rrn TEXT NOT NULL,
	trace_sent_at INTEGER,
	response_code TEXT NOT NULL,
	approval_code TEXT NOT NULL,
	details BLOB,
	created_at INTEGER,
	updated_at INTEGER,
	PRIMARY KEY (merchant, id)
) STRICT;

CREATE UNIQUE INDEX operations_ticket ON operations (merchant, ticket);

CREATE TABLE subscriptions (
	merchant TEXT NOT NULL,
	id TEXT NOT NULL,
	state TEXT NOT NULL,
	card_record TEXT NOT NULL,
	card BLOB,
	bin TEXT NOT NULL,
	last_four TEXT NOT NULL,
	length INTEGER NOT NULL,
	brand TEXT NOT NULL,
	type TEXT NOT NULL,
	bank TEXT NOT NULL,
	country TEXT NOT NULL,
	holder TEXT NOT NULL,
	expiry TEXT NOT NULL,
	fingerprint TEXT NOT NULL,
	plan TEXT NOT NULL,
	periodicity TEXT NOT NULL,
	amount INTEGER NOT NULL,
	currency TEXT NOT NULL,
	start_date TEXT NOT NULL,
	end_date TEXT NOT NULL,
	details BLOB,
	due_at INTEGER,
	created_at INTEGER,
	updated_at INTEGER,
	PRIMARY KEY (merchant, id)
) STRICT;

CREATE INDEX subscriptions_due ON subscriptions (merchant, due_at) WHERE due_at IS NOT NULL;

CREATE TABLE idempotency_keys (
	merchant TEXT NOT NULL,
	name TEXT NOT NULL,
	digest BLOB,
	holder TEXT NOT NULL,
	status INTEGER NOT NULL,
	answer BLOB,
	created_at INTEGER,
	expires_at INTEGER,
	PRIMARY KEY (merchant, name)
) STRICT;

CREATE INDEX idempotency_keys_expiry ON idempotency_keys (merchant, expires_at);

-- roll_ups says up to which posting balances hold what was posted; a merchant without a row was never
-- rolled up.
CREATE TABLE roll_ups (
	merchant TEXT NOT NULL PRIMARY KEY,
	up_to TEXT NOT NULL
) STRICT;

CREATE TABLE balances (
	merchant TEXT NOT NULL,
	currency TEXT NOT NULL,
	account TEXT NOT NULL,
	amount INTEGER NOT NULL,
	PRIMARY KEY (merchant, currency, account)
) STRICT;

CREATE TABLE postings (
	merchant TEXT NOT NULL,
	id TEXT NOT NULL,
	payment TEXT NOT NULL,
	event TEXT NOT NULL,
	debit TEXT NOT NULL,
	credit TEXT NOT NULL,
	amount INTEGER NOT NULL CHECK (amount > 0),
	currency TEXT NOT NULL,
	at INTEGER,
	PRIMARY KEY (merchant, id)
) STRICT;

CREATE INDEX postings_payment ON postings (merchant, payment);

CREATE TRIGGER postings_keep BEFORE DELETE ON postings
BEGIN
	SELECT RAISE(ABORT, 'postings are append-only: post the opposite instead');
END;

CREATE TRIGGER postings_stay BEFORE UPDATE ON postings
BEGIN
	SELECT RAISE(ABORT, 'postings are append-only: post the opposite instead');
END;

-- A posting that comes after the roll-up has passed its id would lie in no tail: it goes into the balances.
CREATE TRIGGER postings_late AFTER INSERT ON postings
WHEN NEW.id <= (SELECT up_to FROM roll_ups WHERE merchant = NEW.merchant)
BEGIN
	INSERT INTO balances (merchant, currency, account, amount)
	VALUES (NEW.merchant, NEW.currency, NEW.debit, NEW.amount), (NEW.merchant, NEW.currency, NEW.credit, -NEW.amount)
	ON CONFLICT (merchant, currency, account) DO UPDATE SET amount = amount + excluded.amount;
END;

CREATE TABLE keysets (
	name TEXT NOT NULL PRIMARY KEY,
	version INTEGER NOT NULL,
	sealed BLOB
) STRICT;

-- pings is written by Ping, so that a full or read-only disk shows.
CREATE TABLE pings (
	name TEXT NOT NULL PRIMARY KEY,
	times INTEGER NOT NULL
) STRICT;
