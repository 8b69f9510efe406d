from chiron.kernel.errors import Conflict, Unavailable


class ModelNotValidated(Conflict):
    """Carries ``indices``, which need no model."""

    code, title = (
        "model-not-validated",
        "No model is active here, so there is no clinical answer; research mode answers.",
    )


class BundleMissing(Unavailable):
    code, title = "bundle-missing", "The model is not there or is damaged; nothing was answered."


class IllegalState(Conflict):
    """Carries ``state``, where the bundle stands, and ``allowed``, what may follow."""

    code, title = "illegal-bundle-state", "That cannot happen to the model as it stands."
