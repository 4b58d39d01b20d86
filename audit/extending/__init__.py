"""For people who write a check of their own: its parts, and the contract it has to keep.

``python -m audit.extending PACKAGE.MODULE:CHECK`` examines one check and prints a line for
each promise. In the tests of a package it is one line::

    from audit.extending.contract import examine

    def test_it_keeps_the_contract():
        assert examine(CHECK) == ()

How a check is written and how it is found stands in ``docs/extending.md``.
"""
