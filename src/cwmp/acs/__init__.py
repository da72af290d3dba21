"""Our ACS: CWMP endpoint, northbound API, store, sessions, transactions, authentication."""
