"""Forgetting: what each app lets go of when its time is over, in bounded batches, and when that was done last."""
