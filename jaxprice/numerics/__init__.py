"""Mathematics without finance."""
