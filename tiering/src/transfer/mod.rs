//! Carries out a route: steps over one hop, staging, and the blocks that flights own.
