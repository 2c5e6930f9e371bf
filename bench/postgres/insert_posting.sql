INSERT INTO postings (merchant, id, payment, event, debit, credit, amount, currency, at)
VALUES ('20000000000000000001', :n::text || '1', lpad(:random::text, 36, '0'), 'sale', 'acquirer_receivable', 'merchant_payable', 1698, 'USD', now())
