"""The default models, their manifest and their cards."""
