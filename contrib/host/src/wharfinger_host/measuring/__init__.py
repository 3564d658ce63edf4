"""Metrics of a durable host, as Prometheus reads them."""
