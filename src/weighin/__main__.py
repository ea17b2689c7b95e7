"""``python -m weighin``: the command line."""

from weighin._cli import main

if __name__ == "__main__":
    main()
