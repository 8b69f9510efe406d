#!/bin/sh
# The fast suite, as `make test` runs it; arguments go to pytest.
cd "$(dirname "$0")" && exec make --no-print-directory test ARGS="$*"
