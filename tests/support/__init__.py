"""Support: helpers of more than one folder, which start the real things, find them ports, and wait for them.

- application: the application in the test's own process, with a clock that the test sets
- application_server: the same on a real socket
- service: `consent-service serve` in processes of its own
- demo, nginx, redis/: the demo, a web server in front, Redis servers and clusters
- chromium: the browser that most tests drive; e2e/browsers/ has Firefox and WebKit
- configuration: `consent.toml` and a key ring; installations: a folder with all that an operator has
- clock, records: the time; the records of a site
- ports, processes, waiting
"""
