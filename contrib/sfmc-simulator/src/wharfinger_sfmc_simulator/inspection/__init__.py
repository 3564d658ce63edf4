"""Pages that show a running simulator to people, and who may look at them."""
