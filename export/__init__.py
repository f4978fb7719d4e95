"""Checkpoint to ONNX, parity check, manifest entry."""
