INSERT INTO tokens (merchant, id, use, card_record, card, cvv_record, cvv,
	bin, last_four, length, brand, type, bank, country, holder, expiry,
	fingerprint, total, currency, deferred, details, recurrence, network_token, authentication, created_at, expires_at, spent_at)
VALUES ('20000000000000000001', lpad(:n::text, 32, '0'), 'charge', 'token/' || lpad(:n::text, 32, '0'), decode(repeat('00', 49), 'hex'), 'token/' || lpad(:n::text, 32, '0'), decode(repeat('00', 36), 'hex'),
	'545195', '5480', 16, 'mastercard', 'credit', '', 'EC', 'John Doe', '3508',
	'5f3ad6c1c4a1e8a7f2b09d3c6e5b4a18', 1698, 'USD', false, NULL, '', false, '', now(), now() + interval '30 minutes', NULL)
