#!/bin/sh
# Installs survey-audit from the wheels beside this file; no registry is asked.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
target=${1:?"say where: sh install.sh /opt/survey-audit"}
python=${PYTHON:-python3}
"$python" -m venv "$target" || { echo "no virtual environment: install python3-venv" >&2; exit 3; }
"$target/bin/python" -m pip install --quiet --disable-pip-version-check --no-index \
  --find-links "$here/wheels" --require-hashes -r "$here/requirements.lock"
"$target/bin/python" -m pip install --quiet --disable-pip-version-check --no-index --no-deps \
  "$here"/survey_audit-*.whl
"$target/bin/survey-audit" --version
