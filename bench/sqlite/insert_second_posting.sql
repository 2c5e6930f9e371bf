INSERT INTO postings (merchant, id, payment, event, debit, credit, amount, currency, at)
VALUES ('20000000000000000001', :posting2, :payment, 'release', 'merchant_pending', 'issuer_holds', 1698, 'USD', :now)
