-- Seals and notices are only ever added to.

CREATE FUNCTION seals_are_append_only() RETURNS trigger LANGUAGE plpgsql AS '
BEGIN
    RAISE EXCEPTION ''seals and notices are append-only'';
END';

CREATE TRIGGER seals_are_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON seals
FOR EACH STATEMENT EXECUTE FUNCTION seals_are_append_only();

CREATE TRIGGER notices_are_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON contract_notices
FOR EACH STATEMENT EXECUTE FUNCTION seals_are_append_only();
