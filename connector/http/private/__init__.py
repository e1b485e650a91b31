"""What the territory’s own people and programs reach: the management API, health and metrics."""
