"""The doctor: `examination` collects facts about a service, all other modules judge them."""
