-- Lists of seal keys are only ever added to, and packed as other long texts are where the server can (0023).

CREATE FUNCTION seal_lists_are_append_only() RETURNS trigger LANGUAGE plpgsql AS '
BEGIN
    RAISE EXCEPTION ''lists of seal keys are append-only'';
END';

CREATE TRIGGER seal_lists_are_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON seal_lists
FOR EACH STATEMENT EXECUTE FUNCTION seal_lists_are_append_only();

DO $$
BEGIN
    EXECUTE 'ALTER TABLE seal_lists ALTER COLUMN jws SET COMPRESSION lz4';
EXCEPTION WHEN feature_not_supported OR syntax_error THEN
    RAISE WARNING 'no lz4 here (%), long texts keep the default compression', SQLERRM;
END $$;
