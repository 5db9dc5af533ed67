"""Mistakes a user can make or meet, each told in one sentence that says what to do.

The command line prints the sentence of any `SemlinkError` and leaves with status 2.
"""


class SemlinkError(Exception):
    """Base of all errors that are for the user to read."""


class UnknownName(SemlinkError):
    """A registry has no entry of that name."""


class WrongField(SemlinkError):
    """A component has no field of that name, or the field does not take that value."""


class ChannelError(SemlinkError):
    """A channel was asked for something that has no physical meaning."""


class CodecError(SemlinkError):
    """A codec cannot work with this input."""


class BundleError(SemlinkError):
    """A stored codec is missing, damaged, or not one of ours."""


class SourceError(SemlinkError):
    """Records are missing, unreadable, or of the wrong kind."""


class RecipeError(SemlinkError):
    """A recipe or an option of the command line does not say what to do."""


class ResultsError(SemlinkError):
    """Recorded results are missing or damaged, or belong to another experiment."""


class FolderInUse(SemlinkError):
    """Another command works in that folder."""


class ErasureError(SemlinkError):
    """An erasure request cannot be carried out."""


class AuditError(SemlinkError):
    """An audit lacks what it has to compare."""


class PluginError(SemlinkError):
    """A plug-in is missing, cannot be loaded, or does not do what its kind has to."""


class SignatureError(SemlinkError):
    """A folder is not signed by the key that was given, or is not what was signed."""
