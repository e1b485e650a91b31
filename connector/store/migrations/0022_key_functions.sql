-- The function of whoever holds a key of the API, which the seals on what it approves claim.

ALTER TABLE api_keys ADD COLUMN function TEXT;
