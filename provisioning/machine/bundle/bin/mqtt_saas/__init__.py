"""The programs of the broker machine. Each that bin/ names has a main(); the others are theirs."""
