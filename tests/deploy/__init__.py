"""Deployment: the image, Compose, systemd units, monitoring and the operators' document, each by its own lines.

Tests marked `soak` build and start the real thing; the others read the files.
"""
