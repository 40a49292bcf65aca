"""The command `neural-odes`, as far as it does without the packages that it needs."""

import sys

from neural_odes.errors import UserError, needing


def main() -> None:
    """Runs it; where its packages are not installed, says in one line how to install them."""
    try:
        with needing("pipeline"):
            from neural_odes.cli import app

            app()
    except UserError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
