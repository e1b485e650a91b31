-- A key of the API has a role, may end at an instant, and names the key that took its place. Keys of participants that
-- were made before there were roles go on opening what they opened, as `unrestricted`, until they are replaced.

ALTER TABLE api_keys ADD COLUMN role TEXT NOT NULL DEFAULT 'auditor'
    CHECK (role IN ('administration','operator','steward','developer','auditor','unrestricted'));

ALTER TABLE api_keys ADD COLUMN expires_at TEXT;

ALTER TABLE api_keys ADD COLUMN replaced_by TEXT;

UPDATE api_keys SET role = CASE WHEN owner IS NULL THEN 'administration' ELSE 'unrestricted' END;
