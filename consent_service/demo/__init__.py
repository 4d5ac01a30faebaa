"""The demo: the real service, a shop that embeds it and an ad partner, three sites on one machine.

Everything here is for trying things out; the service itself knows nothing of it.
"""

from consent_service.demo.run import run_demo

__all__ = ["run_demo"]
