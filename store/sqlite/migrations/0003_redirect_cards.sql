-- The one card that may pay a redirect payment.

ALTER TABLE redirects ADD COLUMN card TEXT NOT NULL DEFAULT '';
