"""What partners reach: DSP, data addresses, DID documents, liveness."""
