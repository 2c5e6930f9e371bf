UPDATE payments SET state = 'captured', reauthorized = 0, captured = 1698, refunded = 0, card_record = card_record, card = decode(repeat('00', 49), 'hex'),
	trace_stan = 104211, trace_rrn = '632515370241', trace_sent_at = now(),
	follow_stan = 0, follow_rrn = '', follow_sent_at = NULL,
	capture_stan = 0, capture_rrn = '', capture_sent_at = NULL,
	operation = '', attempts = 0, due_at = NULL, expires_at = NULL,
	response_code = '00', approval_code = '641205', updated_at = now()
WHERE merchant = '20000000000000000001' AND id = lpad(:random::text, 36, '0')
