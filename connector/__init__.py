"""The node: what a territory runs. Start reading at docs/ or at protocol/negotiation.py; app.py builds it."""
