"""How it is priced: one package per engine, each with the same verbs."""
