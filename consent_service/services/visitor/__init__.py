"""A visitor's use cases: signals, choices, the second step, and the way back from the choices page."""
