"""Drawing by rule: a head's photo and its labels to flat tones and lines, for a generator to learn from."""
