"""The release of the product: what a backup or an export says it was made by."""

from typing import Final

VERSION: Final = "0.1.0"
