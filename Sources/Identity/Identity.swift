// Knows who somebody is and how they prove it. Refuses to know HTTP, and what they own.
