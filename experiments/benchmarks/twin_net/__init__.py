"""Peers that train the same twin network on the same labels."""
