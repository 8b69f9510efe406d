#!/usr/bin/env python
"""Django's entry; ``chiron`` is the same for short."""

from config.command import main

if __name__ == "__main__":
    main()
