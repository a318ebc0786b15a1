"""The leaderboard: published figures beside re-run ones."""
