"""Verbs: what peers, people and rules may do. Each opens one transaction."""
