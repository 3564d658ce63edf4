"""Rows on their way: planned, sent, and the truth told about each."""
