"""The one exception that means "the user can put this right", and the command's exit codes."""

DONE, OUR_FAULT, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130


class UserError(Exception):
    """Bad input: the message is one clear sentence that names the file or device and the way out.

    The command prints it to stderr and exits with code 2; it is never shown with a traceback.
    """
