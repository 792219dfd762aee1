"""Demo workspaces: asked for, made by a worker, wiped by one click. Nothing in them reaches a platform."""
