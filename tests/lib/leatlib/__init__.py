"""What the test suites share: starting servers, talking RESP, printing results.

A suite reaches it with
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
Standard library only.
"""
