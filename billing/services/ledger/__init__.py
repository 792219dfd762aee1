"""The only writers of the ledger. Every deed locks the workspace's accounts of its unit first, in the order of their
keys, and happens once by its key or by what it is for."""
