"""Our ACS: CWMP endpoint, northbound API, and the durable state under both.

`state.open_state` opens the durable half: store, keys, registry, credentials, knowledge, transactions
and batches. All of it lives in the thread of one asyncio loop; only the store has threads of its own.
"""
