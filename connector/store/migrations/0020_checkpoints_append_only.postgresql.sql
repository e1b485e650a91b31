-- Checkpoints are only ever added to.

CREATE FUNCTION checkpoints_are_append_only() RETURNS trigger LANGUAGE plpgsql AS '
BEGIN
    RAISE EXCEPTION ''checkpoints are append-only'';
END';

CREATE TRIGGER checkpoints_are_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON checkpoints
FOR EACH STATEMENT EXECUTE FUNCTION checkpoints_are_append_only();

CREATE TRIGGER checkpoint_seals_are_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON checkpoint_seals
FOR EACH STATEMENT EXECUTE FUNCTION checkpoints_are_append_only();

CREATE TRIGGER checkpoint_heads_are_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON checkpoint_heads
FOR EACH STATEMENT EXECUTE FUNCTION checkpoints_are_append_only();
