"""Recordings: what an episode is, who plays it, how it is recorded, kept on disk and cut into training windows.

Reading path: episode, player, record, store, batches.
"""
