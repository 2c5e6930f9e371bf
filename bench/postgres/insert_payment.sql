INSERT INTO payments (merchant, id, ticket, kind, state, amount, currency, reauthorized, captured, refunded,
	token, recurrence, authentication, subscription, card_record, card, bin, last_four, length, brand, type, bank, country, holder, expiry,
	trace_stan, trace_rrn, trace_sent_at, follow_stan, follow_rrn, follow_sent_at, capture_stan, capture_rrn, capture_sent_at,
	operation, attempts, due_at, expires_at, response_code, approval_code, dialect, details, created_at, updated_at)
VALUES ('20000000000000000001', lpad(:random::text, 36, '0'), :n::text, 'sale', 'authorizing', 1698, 'USD', 0, 0, 0, lpad(:n::text, 32, '0'), '', '', '',
	'token/' || lpad(:n::text, 32, '0'), decode(repeat('00', 49), 'hex'), '545195', '5480', 16, 'mastercard', 'credit', '', 'EC', 'John Doe', '3508',
	104211, '632515370241', now(), 0, '', NULL, 0, '', NULL,
	'', 0, now() + interval '35 seconds', NULL, '', '', 'kushki', decode(repeat('00', 200), 'hex'), now(), now())
