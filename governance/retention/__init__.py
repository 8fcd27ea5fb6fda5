"""Retention: how long what is kept about people is kept, and what goes when its time is over."""
