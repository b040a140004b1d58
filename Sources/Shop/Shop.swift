// Knows the catalogue, and the ledger in the shop's words. Refuses to know HTTP, and which callers are allowed to ask.
