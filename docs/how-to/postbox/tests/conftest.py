"""What the tests share: the fixture `vendor`."""

pytest_plugins = ["wharfinger.testing"]
