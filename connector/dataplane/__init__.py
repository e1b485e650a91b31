"""The data room: tokens, the gate, sources, and the consumer’s reception. No message is written here."""
