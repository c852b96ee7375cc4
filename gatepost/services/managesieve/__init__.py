"""ManageSieve."""

from gatepost.services.managesieve.options import ManageSieveOptions
from gatepost.services.managesieve.service import ManageSieveService

__all__ = ["ManageSieveOptions", "ManageSieveService"]
