"""The records that plugins give and hosts receive."""
