"""The commands, one file each.

A file holds a command's options and what it does in a few lines; it imports what that needs when
it runs, so that ``wharfinger --help`` does not wait for it.
"""
