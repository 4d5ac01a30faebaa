"""Doctor: its judgements, from facts that no test machine has.

The facts themselves are looked up in cli/test_doctor.py and store/*/test_examiner.py.
"""
