"""The error that a reader of the book can act on."""


class FerError(ValueError):
    """Bad input, told in one sentence.

    The sentence names the file, row or field, what was found, what was
    expected and what to do.  The command line prints it without a traceback.
    """
