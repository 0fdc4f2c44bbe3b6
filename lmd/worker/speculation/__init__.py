"""Speculative decoding: tokens are guessed, and several checked in one step, where that pays."""
