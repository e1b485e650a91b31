"""Two listeners: public (protocol, data, documents) and private (management)."""
