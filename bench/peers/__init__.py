"""What ours is measured against. Each runs in processes of its own."""
