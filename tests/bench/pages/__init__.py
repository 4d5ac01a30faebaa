"""Cost of consent to a page: ours beside two peers, each on the same page, in a real browser."""
