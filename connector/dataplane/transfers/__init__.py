"""Transfer types, one file each."""
