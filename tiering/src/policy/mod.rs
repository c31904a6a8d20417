//! What the application configures: tiers, links, eviction, prefetch, deadline; a file or a builder, same words.
