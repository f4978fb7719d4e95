"""Options, data, networks, losses, loops, evaluation: what makes the models that realtime runs."""
