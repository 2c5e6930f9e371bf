-- Schedules of subscriptions and their periods, events, and what is delivered of them.

ALTER TABLE tokens ADD COLUMN subscription TEXT NOT NULL DEFAULT '';

ALTER TABLE payments ADD COLUMN period TEXT NOT NULL DEFAULT '';

CREATE INDEX payments_subscription ON payments (merchant, subscription, ticket) WHERE subscription <> '';

-- Subscriptions from before have no next period, so that nobody is charged unawares: their schedule begins once their
-- terms are changed. All of them were made by Kushki's dialect.
ALTER TABLE subscriptions ADD COLUMN dialect TEXT NOT NULL DEFAULT 'kushki';
ALTER TABLE subscriptions ADD COLUMN retry TEXT NOT NULL DEFAULT '';
ALTER TABLE subscriptions ADD COLUMN adjustment_kind TEXT NOT NULL DEFAULT '';
ALTER TABLE subscriptions ADD COLUMN adjustment_amount INTEGER NOT NULL DEFAULT 0;
ALTER TABLE subscriptions ADD COLUMN adjustment_currency TEXT NOT NULL DEFAULT '';
ALTER TABLE subscriptions ADD COLUMN adjustment_details BLOB;
ALTER TABLE subscriptions ADD COLUMN adjustment_left INTEGER NOT NULL DEFAULT 0;
ALTER TABLE subscriptions ADD COLUMN last_period TEXT NOT NULL DEFAULT '';
ALTER TABLE subscriptions ADD COLUMN next_period TEXT NOT NULL DEFAULT '';
ALTER TABLE subscriptions ADD COLUMN billed_from INTEGER;
ALTER TABLE subscriptions ADD COLUMN charging TEXT NOT NULL DEFAULT '';

DROP INDEX subscriptions_due;
CREATE INDEX subscriptions_waiting ON subscriptions (merchant, due_at) WHERE state IN ('pending', 'verifying') AND due_at IS NOT NULL;
CREATE INDEX subscriptions_billing ON subscriptions (merchant, due_at) WHERE state = 'active' AND due_at IS NOT NULL;

CREATE TABLE periods (
	merchant TEXT NOT NULL,
	subscription TEXT NOT NULL,
	date TEXT NOT NULL,
	begins TEXT NOT NULL,
	state TEXT NOT NULL,
	amount INTEGER NOT NULL,
	currency TEXT NOT NULL,
	details BLOB,
	retry TEXT NOT NULL,
	attempts INTEGER NOT NULL,
	unanswered INTEGER NOT NULL,
	payment TEXT NOT NULL,
	due_at INTEGER,
	created_at INTEGER,
	updated_at INTEGER,
	PRIMARY KEY (merchant, subscription, date)
) STRICT;

CREATE INDEX periods_open ON periods (merchant, subscription, date, state) WHERE state IN ('charging', 'retrying');
CREATE INDEX periods_begins ON periods (merchant, begins, state) WHERE begins <> '';

-- place is given at the insert: one unit is committed after the other.
CREATE TABLE events (
	merchant TEXT NOT NULL,
	id TEXT NOT NULL,
	place INTEGER NOT NULL,
	kind TEXT NOT NULL,
	payment TEXT NOT NULL,
	operation TEXT NOT NULL,
	subscription TEXT NOT NULL,
	at INTEGER,
	data BLOB,
	PRIMARY KEY (merchant, id)
) STRICT;

CREATE UNIQUE INDEX events_place ON events (merchant, place);

-- position is the order of insertion.
CREATE TABLE deliveries (
	position INTEGER PRIMARY KEY,
	merchant TEXT NOT NULL,
	id TEXT NOT NULL,
	event TEXT NOT NULL,
	kind TEXT NOT NULL,
	format TEXT NOT NULL,
	url TEXT NOT NULL,
	endpoint TEXT NOT NULL,
	subject TEXT NOT NULL,
	state TEXT NOT NULL,
	attempts INTEGER NOT NULL,
	tries INTEGER NOT NULL,
	since INTEGER,
	due_at INTEGER,
	created_at INTEGER,
	updated_at INTEGER,
	headers BLOB,
	body BLOB
) STRICT;

CREATE UNIQUE INDEX deliveries_id ON deliveries (merchant, id);
CREATE INDEX deliveries_event ON deliveries (merchant, event, id) WHERE event <> '';
CREATE INDEX deliveries_due ON deliveries (merchant, endpoint, due_at, position) WHERE state = 'pending';
CREATE INDEX deliveries_line ON deliveries (merchant, endpoint, subject, position) WHERE state = 'pending';
CREATE INDEX deliveries_parked ON deliveries (merchant, id) WHERE state = 'parked';
CREATE INDEX deliveries_ended ON deliveries (merchant, updated_at) WHERE state <> 'pending';

-- took is in nanoseconds.
CREATE TABLE delivery_attempts (
	merchant TEXT NOT NULL,
	delivery TEXT NOT NULL,
	number INTEGER NOT NULL,
	at INTEGER,
	took INTEGER NOT NULL,
	status INTEGER NOT NULL,
	answer BLOB,
	error TEXT NOT NULL,
	PRIMARY KEY (merchant, delivery, number)
) STRICT;
