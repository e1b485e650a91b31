-- Lists of seal keys are only ever added to.

CREATE TRIGGER seal_lists_are_not_changed BEFORE UPDATE ON seal_lists
BEGIN
    SELECT RAISE(ABORT, 'lists of seal keys are append-only');
END;

CREATE TRIGGER seal_lists_are_not_deleted BEFORE DELETE ON seal_lists
BEGIN
    SELECT RAISE(ABORT, 'lists of seal keys are append-only');
END;
