"""Runs an unmodified bleak program on an endpoint: run.py HOST:PORT PROGRAM [ARGUMENTS]"""

import runpy
import sys

import bleak

import backend

if len(sys.argv) < 3:
    sys.exit(__doc__)
backend.Adapter.address = sys.argv[1]
bleak.get_platform_scanner_backend_type = lambda: (backend.Scanner, "bumble")
bleak.get_platform_client_backend_type = lambda: (backend.Client, "bumble")
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name="__main__")
