"""DSP 2025-1 without a socket: messages, the two state tables, the machine, the catalogue’s forms. Pure."""
