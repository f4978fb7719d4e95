"""What runs per frame and around it: numpy, OpenCV, onnxruntime and PyAV; never torch."""

# OpenCV must be loaded before PyAV: PyAV's wheel brings a libxcb of its own, and OpenCV's windows hang for
# ever when theirs is bound to it (PyAV issue 1050, OpenCV issue 29195).
import cv2 as _opencv_before_pyav  # noqa: F401
