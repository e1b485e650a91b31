"""The catalogue that partners see: which datasets, with which offers, in which order."""
