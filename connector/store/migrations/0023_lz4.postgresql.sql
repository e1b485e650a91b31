-- Long texts are packed with lz4 from now on, which takes a third less time to store one than pglz, the default.
-- What was stored before stays as it is and is read all the same. A server built without lz4, or older than 14, keeps
-- its default: it refuses the feature, or does not know the words, which is why they are carried out as a text.

DO $$
DECLARE
    long TEXT;
BEGIN
    FOREACH long IN ARRAY ARRAY[
        'agreements.accepted_terms', 'agreements.document', 'checkpoint_seals.jws', 'checkpoints.document',
        'contract_notices.jws', 'contracts.cards', 'contracts.conclusion', 'contracts.countersigned',
        'contracts.document', 'contracts.jws', 'datasets.document', 'datasets.rendered', 'datasets.source',
        'evidence.jws', 'idempotency_keys.answer', 'journal.entry', 'negotiations.intent', 'negotiations.offer',
        'negotiations.pending_body', 'negotiations.request_card', 'negotiations.requested', 'offers.policy',
        'participants.card', 'peers.card', 'peers.offered_card', 'peers.seals', 'seal_keys.chain', 'seals.jws',
        'transfers.data_address', 'transfers.intent', 'transfers.pending_body'
    ] LOOP
        EXECUTE format('ALTER TABLE %s ALTER COLUMN %s SET COMPRESSION lz4',
            split_part(long, '.', 1), split_part(long, '.', 2));
    END LOOP;
EXCEPTION WHEN feature_not_supported OR syntax_error THEN
    RAISE WARNING 'no lz4 here (%), long texts keep the default compression', SQLERRM;
END $$;
