-- How far the time-stamps of a contract have come, and of which end near by it was warned last.

ALTER TABLE contracts ADD COLUMN timestamps TEXT NOT NULL DEFAULT 'none'
    CHECK (timestamps IN ('none','pending','partial','complete'));

ALTER TABLE contracts ADD COLUMN warned_days INTEGER;
