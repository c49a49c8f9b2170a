"""What can go wrong before the first pixel is computed."""


class SimulatorError(ValueError):
    """An option, a file or a request that makes no image.

    The message says what happened, where, what was expected and what to do.
    """
