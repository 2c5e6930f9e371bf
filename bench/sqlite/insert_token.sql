INSERT INTO tokens (merchant, id, use, card_record, card, cvv_record, cvv,
	bin, last_four, length, brand, type, bank, country, holder, expiry,
	fingerprint, total, currency, deferred, details, recurrence, network_token, authentication, created_at, expires_at, spent_at)
VALUES ('20000000000000000001', :token, 'charge', 'token/' || :token, zeroblob(49), 'token/' || :token, zeroblob(36),
	'545195', '5480', 16, 'mastercard', 'credit', '', 'EC', 'John Doe', '3508',
	'5f3ad6c1c4a1e8a7f2b09d3c6e5b4a18', 1698, 'USD', 0, NULL, '', 0, '', :now, :now + 1800000000, NULL)
