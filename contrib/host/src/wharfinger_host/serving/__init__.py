"""Taking events in over HTTP, as the tracking APIs of Segment and RudderStack do."""
