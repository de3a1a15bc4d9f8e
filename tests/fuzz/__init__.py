"""Tables, parameters, wrong calls and faults drawn at random, and what must hold.

``python -m tests.fuzz --seed 0 --minutes 15`` is the long form.
"""
