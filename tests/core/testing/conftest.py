"""The fixture of the kit, as its authors' own tests get it."""

from wharfinger.testing import vendor  # noqa: F401  # a fixture
