UPDATE payments SET state = 'capturing', reauthorized = 0, captured = 0, refunded = 0, card_record = card_record, card = zeroblob(49),
	trace_stan = 104211, trace_rrn = '632515370241', trace_sent_at = :now,
	follow_stan = 104212, follow_rrn = '632515370242', follow_sent_at = :now,
	capture_stan = 0, capture_rrn = '', capture_sent_at = NULL,
	operation = :operation, attempts = 0, due_at = :now + 35000000, expires_at = :now + 2419200000000,
	response_code = '00', approval_code = '641205', updated_at = :now
WHERE merchant = '20000000000000000001' AND id = :payment
