"""What runs per frame and around it: numpy, OpenCV, onnxruntime and PyAV; never torch."""
