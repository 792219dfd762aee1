"""One module or package per imitated vendor; `app.py` mounts each under its own path prefix."""
