"""The service's own pages: the confirm page, the choices page, their forms and templates."""
