"""What consent costs a page: ours beside two peers, each on the same page, in a real browser."""
