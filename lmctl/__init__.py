"""The command line of lmd. Every `lmctl ask` pays for what stands here: nothing does."""
