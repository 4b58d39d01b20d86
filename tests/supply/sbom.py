"""``make sbom``: a software bill of materials out of the lock file, CycloneDX 1.6 as JSON.

The same lock file gives the same bytes: no clock, no network, no look at what happens to
be installed.
"""

from __future__ import annotations

import hashlib
import json
import sys
import uuid
from pathlib import Path
from typing import Any

from audit.version import software_version
from tests.data import ROOT
from tests.supply.lock import read_lock

__all__ = ["bill"]

_NAMES = uuid.UUID("6f2b8a52-3f0f-5c1e-9a57-0d2f6a1c7e11")


def bill(lock: Path) -> dict[str, Any]:
    """The bill of a lock file."""
    own = f"pkg:pypi/survey-audit@{software_version()}"
    packages = sorted(read_lock(lock), key=lambda package: package.purl)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": uuid.uuid5(_NAMES, hashlib.sha256(lock.read_bytes()).hexdigest()).urn,
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": own,
                "name": "survey-audit",
                "version": software_version(),
                "licenses": [{"license": {"id": "Apache-2.0"}}],
                "purl": own,
            }
        },
        "components": [
            {
                "type": "library",
                "bom-ref": package.purl,
                "name": package.name,
                "version": package.version,
                "purl": package.purl,
                "externalReferences": [
                    {
                        "type": "distribution",
                        "url": f"https://pypi.org/project/{package.name}/{package.version}/#files",
                        # of every file that may be installed, as the lock accepts them
                        "hashes": [{"alg": "SHA-256", "content": h} for h in package.hashes],
                    }
                ],
            }
            for package in packages
        ],
        "dependencies": [
            {"ref": own, "dependsOn": [package.purl for package in packages]},
            *({"ref": package.purl} for package in packages),
        ],
    }


def main() -> int:
    """Write the bill to standard output."""
    made = bill(ROOT / "requirements.lock")
    sys.stdout.write(json.dumps(made, indent=1, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
