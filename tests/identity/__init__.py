"""Identity: signed and sealed texts, the key ring, derived ids. Every line of the room is covered here.

contract.py holds for every signed text; each kind's test class inherits it.
"""
