"""The devices known: who they are, what they told, what was learnt of them and of their models."""
