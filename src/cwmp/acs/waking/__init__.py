"""Having devices come: which, when, by what method and route."""
