"""Search on recorded curves: tables, the replay, the bars."""
