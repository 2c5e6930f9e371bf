-- Schedules of subscriptions and their periods, events, and what is delivered of them.

ALTER TABLE tokens ADD COLUMN subscription TEXT NOT NULL DEFAULT '';

ALTER TABLE payments ADD COLUMN period TEXT NOT NULL DEFAULT '';

CREATE INDEX payments_subscription ON payments (merchant, subscription, ticket) WHERE subscription <> '';

-- Subscriptions from before have no next period, so that nobody is charged unawares: their schedule begins once their
-- terms are changed. All of them were made by Kushki's dialect.
ALTER TABLE subscriptions ADD COLUMN dialect TEXT NOT NULL DEFAULT 'kushki';
ALTER TABLE subscriptions ADD COLUMN retry TEXT NOT NULL DEFAULT '';
ALTER TABLE subscriptions ADD COLUMN adjustment_kind TEXT NOT NULL DEFAULT '';
ALTER TABLE subscriptions ADD COLUMN adjustment_amount BIGINT NOT NULL DEFAULT 0;
ALTER TABLE subscriptions ADD COLUMN adjustment_currency TEXT NOT NULL DEFAULT '';
ALTER TABLE subscriptions ADD COLUMN adjustment_details BYTEA;
ALTER TABLE subscriptions ADD COLUMN adjustment_left BIGINT NOT NULL DEFAULT 0;
ALTER TABLE subscriptions ADD COLUMN last_period TEXT NOT NULL DEFAULT '';
ALTER TABLE subscriptions ADD COLUMN next_period TEXT NOT NULL DEFAULT '';
ALTER TABLE subscriptions ADD COLUMN billed_from TIMESTAMPTZ;
ALTER TABLE subscriptions ADD COLUMN charging TEXT NOT NULL DEFAULT '';

DROP INDEX subscriptions_due;
CREATE INDEX subscriptions_waiting ON subscriptions (merchant, due_at) WHERE state IN ('pending', 'verifying') AND due_at IS NOT NULL;
CREATE INDEX subscriptions_billing ON subscriptions (merchant, due_at) WHERE state = 'active' AND due_at IS NOT NULL;

CREATE TABLE periods (
	merchant TEXT COLLATE "C" NOT NULL,
	subscription TEXT COLLATE "C" NOT NULL,
	date TEXT COLLATE "C" NOT NULL,
	begins TEXT COLLATE "C" NOT NULL,
	state TEXT NOT NULL,
	amount BIGINT NOT NULL,
	currency TEXT COLLATE "C" NOT NULL,
	details BYTEA,
	retry TEXT NOT NULL,
	attempts BIGINT NOT NULL,
	unanswered BIGINT NOT NULL,
	payment TEXT COLLATE "C" NOT NULL,
	due_at TIMESTAMPTZ,
	created_at TIMESTAMPTZ,
	updated_at TIMESTAMPTZ,
	PRIMARY KEY (merchant, subscription, date)
);

CREATE INDEX periods_open ON periods (merchant, subscription, date, state) WHERE state IN ('charging', 'retrying');
-- Indexes of days and of events are partial for the same reason as those of tickets.
CREATE INDEX periods_begins ON periods (merchant, begins, state) WHERE begins <> '';

-- Whoever reads events gives places to those that have none, in order of their position, while it holds the merchant's
-- row of event_heads: units of work are committed in another order than they insert in, and none of them waits for that
-- row.
CREATE TABLE events (
	merchant TEXT COLLATE "C" NOT NULL,
	id TEXT COLLATE "C" NOT NULL,
	position BIGINT GENERATED ALWAYS AS IDENTITY,
	place BIGINT,
	kind TEXT NOT NULL,
	payment TEXT COLLATE "C" NOT NULL,
	operation TEXT COLLATE "C" NOT NULL,
	subscription TEXT COLLATE "C" NOT NULL,
	at TIMESTAMPTZ,
	data BYTEA,
	PRIMARY KEY (merchant, id)
);

CREATE UNIQUE INDEX events_place ON events (merchant, place) WHERE place IS NOT NULL;
CREATE INDEX events_unplaced ON events (merchant, position) WHERE place IS NULL;

CREATE TABLE event_heads (
	merchant TEXT COLLATE "C" NOT NULL PRIMARY KEY,
	last BIGINT NOT NULL
);

-- position is the order of insertion.
CREATE TABLE deliveries (
	merchant TEXT COLLATE "C" NOT NULL,
	id TEXT COLLATE "C" NOT NULL,
	event TEXT COLLATE "C" NOT NULL,
	kind TEXT NOT NULL,
	format TEXT NOT NULL,
	url TEXT NOT NULL,
	endpoint TEXT COLLATE "C" NOT NULL,
	subject TEXT COLLATE "C" NOT NULL,
	state TEXT NOT NULL,
	attempts BIGINT NOT NULL,
	tries BIGINT NOT NULL,
	since TIMESTAMPTZ,
	due_at TIMESTAMPTZ,
	created_at TIMESTAMPTZ,
	updated_at TIMESTAMPTZ,
	headers BYTEA,
	body BYTEA,
	position BIGINT GENERATED ALWAYS AS IDENTITY,
	PRIMARY KEY (merchant, id)
);

CREATE INDEX deliveries_event ON deliveries (merchant, event, id) WHERE event <> '';
CREATE INDEX deliveries_due ON deliveries (merchant, endpoint, due_at, position) WHERE state = 'pending';
CREATE INDEX deliveries_line ON deliveries (merchant, endpoint, subject, position) WHERE state = 'pending';
CREATE INDEX deliveries_parked ON deliveries (merchant, id) WHERE state = 'parked';
CREATE INDEX deliveries_ended ON deliveries (merchant, updated_at) WHERE state <> 'pending';

-- took is in nanoseconds. An error may hold any bytes that an endpoint has sent.
CREATE TABLE delivery_attempts (
	merchant TEXT COLLATE "C" NOT NULL,
	delivery TEXT COLLATE "C" NOT NULL,
	number BIGINT NOT NULL,
	at TIMESTAMPTZ,
	took BIGINT NOT NULL,
	status BIGINT NOT NULL,
	answer BYTEA,
	error BYTEA,
	PRIMARY KEY (merchant, delivery, number)
);
