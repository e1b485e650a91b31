-- The framework agreement between an owner and a partner, which their contracts name.

ALTER TABLE peers ADD COLUMN framework TEXT;
