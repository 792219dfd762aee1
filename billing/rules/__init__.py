"""What billing decides without table, clock or network."""
