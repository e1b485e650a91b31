-- What consumers declare beside their requests.

ALTER TABLE negotiations ADD COLUMN request_card TEXT;
