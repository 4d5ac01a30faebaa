"""Pages: the choices page and the second step, as a browser without script meets them."""
