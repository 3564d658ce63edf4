"""The wharfinger reference host: the command ``wharfinger`` and what it is made of.

It embeds core as any host would, through the public face of `wharfinger` alone, and finds
destinations by their entry points.
"""
