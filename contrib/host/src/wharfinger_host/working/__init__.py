"""The worker of a durable host: events out of the inbox, through connections, outcomes back."""
