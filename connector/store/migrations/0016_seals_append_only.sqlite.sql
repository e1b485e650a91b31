-- Seals and notices are only ever added to.

CREATE TRIGGER seals_are_not_changed BEFORE UPDATE ON seals
BEGIN
    SELECT RAISE(ABORT, 'seals are append-only');
END;

CREATE TRIGGER seals_are_not_deleted BEFORE DELETE ON seals
BEGIN
    SELECT RAISE(ABORT, 'seals are append-only');
END;

CREATE TRIGGER notices_are_not_changed BEFORE UPDATE ON contract_notices
BEGIN
    SELECT RAISE(ABORT, 'notices are append-only');
END;

CREATE TRIGGER notices_are_not_deleted BEFORE DELETE ON contract_notices
BEGIN
    SELECT RAISE(ABORT, 'notices are append-only');
END;
