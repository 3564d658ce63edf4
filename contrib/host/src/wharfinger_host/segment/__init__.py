"""Moving a destination and its mappings over from Segment.

`reading` takes the JSON of Segment's Public API apart, `matching` finds the installed destination
and actions it means, `converting` makes mappings of it, `writing` a configuration file;
`comparing` runs both readings of each trigger on events. `report` holds what is said about it all.
"""
