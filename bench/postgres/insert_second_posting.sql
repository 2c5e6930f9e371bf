INSERT INTO postings (merchant, id, payment, event, debit, credit, amount, currency, at)
VALUES ('20000000000000000001', :n::text || '2', lpad(:random::text, 36, '0'), 'release', 'merchant_pending', 'issuer_holds', 1698, 'USD', now())
