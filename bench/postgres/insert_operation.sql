INSERT INTO operations (merchant, id, payment, target, ticket, kind, state, amount, currency, trace_stan, trace_rrn, trace_sent_at,
	response_code, approval_code, details, created_at, updated_at)
VALUES ('20000000000000000001', lpad(:random::text, 36, 'c'), lpad(:random::text, 36, '0'), '', :n::text, 'capture', 'pending', 1698, 'USD', 104212, '632515370242', now(),
	'', '', decode(repeat('00', 90), 'hex'), now(), now())
