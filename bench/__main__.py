"""`python -m bench`."""

import sys

if __name__ == "__main__":
    try:
        from bench.cli import main
    except KeyboardInterrupt:  # which a heavy import is the likeliest place for
        print("bench: stopped by Ctrl-C", file=sys.stderr)
        raise SystemExit(130) from None
    main()
