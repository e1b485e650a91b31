"""Who speaks: hosted participants, their keys and documents, and the schemes that prove a caller."""
