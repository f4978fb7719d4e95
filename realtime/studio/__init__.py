"""The photo studio: a picture, its heads, a brush, variants, saving; the model part knows no windows."""
