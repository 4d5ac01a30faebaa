"""Prebid: a bidder's adapter in a real auction honours what our script says."""
