"""RabbitMQ as users run it: real nodes on this machine, which end with the tests."""
