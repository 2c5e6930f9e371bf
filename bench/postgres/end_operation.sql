UPDATE operations SET state = 'approved', trace_stan = 104212, trace_rrn = '632515370242', trace_sent_at = now(),
	response_code = '00', approval_code = '641206', updated_at = now()
WHERE merchant = '20000000000000000001' AND id = lpad(:random::text, 36, 'c')
