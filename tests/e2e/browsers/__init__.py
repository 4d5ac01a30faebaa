"""The core walk in the browsers that are not Chromium: Firefox, and the WebKit that Safari is built from."""
