"""DeepJSCC, the published convolutional codec of images, and its parts."""
