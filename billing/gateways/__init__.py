"""What billing asks of the payment processor, and the one that answers."""
