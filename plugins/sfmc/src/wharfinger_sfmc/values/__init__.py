"""What a data extension's columns are, and bringing values into their form."""
