"""What only conformance kits and laboratories may use; app.py alone imports it."""
