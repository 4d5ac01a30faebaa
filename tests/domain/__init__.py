"""Domain: the law as pure functions, by tables and by properties. Every line of the room is covered here."""
