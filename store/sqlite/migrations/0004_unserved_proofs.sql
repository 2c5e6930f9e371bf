-- A proof whose token can no longer be charged loses its value.

CREATE INDEX authentications_unserved ON authentications (merchant, created_at) WHERE proof <> '';
