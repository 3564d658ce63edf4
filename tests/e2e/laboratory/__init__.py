"""A laboratory for faults: real processes, killed and misled, and laws over what they leave behind.

``python -m tests.e2e.laboratory --help`` says how to run many seeds.
"""
