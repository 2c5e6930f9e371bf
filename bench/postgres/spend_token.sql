UPDATE tokens SET spent_at = now(), card_record = '', card = NULL, cvv_record = '', cvv = NULL
WHERE merchant = '20000000000000000001' AND id = lpad(:n::text, 32, '0')
