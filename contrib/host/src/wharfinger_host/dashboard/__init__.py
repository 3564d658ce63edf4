"""Pages that show a durable host to people, and let those with a token change things."""
